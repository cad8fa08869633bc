// Put into the module by scripts/mutate: what stands in the place of its operators and constants.

import Glibc

/// The mutant that is active in this process, and the file in which reached mutants are marked, if any.
struct Mutation: @unchecked Sendable {
    static let current = Mutation()

    let active: Int
    let reached: UnsafeMutablePointer<UInt8>?

    private init() {
        active = getenv("MUTANT").flatMap { Int(String(cString: $0)) } ?? -1
        guard let path = getenv("MUTANTS_REACHED") else {
            reached = nil
            return
        }
        let file = open(path, O_RDWR)
        let memory = mmap(nil, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        reached = memory == MAP_FAILED ? nil : memory?.assumingMemoryBound(to: UInt8.self)
    }
}

@inline(never)
public func isMutated(_ number: Int) -> Bool {
    let current = Mutation.current
    if let reached = current.reached { reached[number] = 1 }
    return current.active == number
}

public func mutated(_ number: Int, _ value: Bool) -> Bool { isMutated(number) ? !value : value }

public func mutated<T: FixedWidthInteger>(_ number: Int, _ value: T) -> T {
    isMutated(number) ? value &+ 1 : isMutated(number + 1) ? value &- 1 : value
}

func inverted(_ number: Int, _ condition: Bool) -> Bool { isMutated(number) ? !condition : condition }

func mutatedMin<T: Comparable>(_ number: Int, _ first: T, _ second: T, _ rest: T...) -> T {
    let all = [first, second] + rest
    return isMutated(number) ? all.max() ?? first : all.min() ?? first
}

func mutatedMax<T: Comparable>(_ number: Int, _ first: T, _ second: T, _ rest: T...) -> T {
    let all = [first, second] + rest
    return isMutated(number) ? all.min() ?? first : all.max() ?? first
}

extension Sequence where Element: Comparable {
    func mutatedMin(_ number: Int) -> Element? { isMutated(number) ? self.max() : self.min() }
    func mutatedMax(_ number: Int) -> Element? { isMutated(number) ? self.min() : self.max() }
}
