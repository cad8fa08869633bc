import Foundation
public import Testing

/// State machines and a model of their environment, driven by random events.
///
/// It has no threads and no clock but its own, so a seed always gives the same run.
public protocol SeededWorld: AnyObject {
    /// The source of all of the world's decisions.
    var generator: SeededGenerator { get set }

    init(seed: UInt64) throws

    /// What may happen now.
    func possibleEvents() -> [SeededEvent]

    /// The broken invariants, which are looked at after each event.
    func faults() -> [String]

    /// Makes the environment a good one, in which everything that waits has to come to an end.
    func becomeHealthy()

    /// The broken invariants of a world in which nothing can happen any more.
    func faultsAtRest() -> [String]
}

/// Something that may happen.
public struct SeededEvent {
    /// Its name in reports.
    let name: String

    /// How often it is chosen, in comparison with the others.
    let weight: Int
    let happen: () -> Void

    /// Makes an event; `happen` is called if it is chosen.
    public init(_ name: String, weight: Int = 4, happen: @escaping () -> Void) {
        self.name = name
        self.weight = weight
        self.happen = happen
    }
}

/// Runs a world with one seed: events in random order, then a healthy environment until it is at rest.
public enum SeededSchedule {
    /// The most events until a healthy world is at rest.
    private static let limit = 20_000

    /// The seeds to run, in portions that are the arguments of a test: those with names first.
    ///
    /// `SEEDS=n` runs n seeds instead of `count`, and `SEED=n` that one alone.
    public static func portions(
        named: KeyValuePairs<String, UInt64> = [:], count: UInt64, size: UInt64 = 250
    ) -> [ClosedRange<UInt64>] {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["SEED"].flatMap({ UInt64($0) }) { return [one...one] }
        let count = environment["SEEDS"].flatMap { UInt64($0) } ?? count
        let starts = Swift.stride(from: 1, through: max(1, count), by: UInt64.Stride(size))
        return named.map { $0.value...$0.value } + starts.map { $0...min(max(1, count), $0 + size - 1) }
    }

    /// Runs all seeds of a portion until the first that finds a fault, which it records.
    public static func run<World: SeededWorld>(
        _ world: World.Type, seeds: ClosedRange<UInt64>, steps: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for seed in seeds {
            if let report = try report(of: world, seed: seed, steps: steps) {
                Issue.record("seed \(seed): \(report)", sourceLocation: sourceLocation)
                return
            }
        }
    }

    /// Runs one seed; returns what is wrong and the last events, or nil.
    static func report<World: SeededWorld>(of _: World.Type, seed: UInt64, steps: Int) throws -> String? {
        let world = try World(seed: seed)
        var history: [String] = []
        func report(_ faults: [String]) -> String? {
            guard !faults.isEmpty else { return nil }
            return faults.joined(separator: "; ") + ", after \(history.count) events, the last of them: "
                + history.suffix(25).joined(separator: ", ")
        }
        for step in 0..<(steps + limit) {
            if step == steps { world.becomeHealthy() }
            let events = world.possibleEvents()
            let total = events.reduce(0) { $0 + $1.weight }
            guard total > 0 else {
                if step < steps { continue }
                return report(world.faultsAtRest())
            }
            var chosen = Int.random(in: 0..<total, using: &world.generator)
            let event = events.first { event in
                chosen -= event.weight
                return chosen < 0
            }
            guard let event else { continue }
            history.append(event.name)
            event.happen()
            if let report = report(world.faults()) { return report }
        }
        return report(["it doesn't come to rest"])
    }
}

extension SeededWorld {
    /// A random number.
    public func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    /// Whether something happens that happens once in `count` times.
    public func isOnce(in count: Int) -> Bool { Int.random(in: 0..<count, using: &generator) == 0 }
}
