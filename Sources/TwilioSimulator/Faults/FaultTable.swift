/// Holds the rules and how often each was met.
///
/// A value without locks; its owner serialises access.
struct FaultTable: Sendable {
    private struct Entry {
        let rule: FaultRule
        var matches = 0
    }

    private var entries: [Entry] = []

    /// The rules, in the order in which they are tried.
    var rules: [FaultRule] { entries.map(\.rule) }

    /// Adds rules behind those that are there.
    mutating func add(_ rules: [FaultRule]) {
        entries += rules.map { Entry(rule: $0) }
    }

    /// Removes all rules.
    mutating func removeAll() {
        entries = []
    }

    /// Gives what goes wrong with a request, and counts it.
    ///
    /// Every rule that matches counts the request; the first acts that is neither before its time nor used up, and
    /// whose probability chooses the request.
    mutating func fault(host: SimulatedHost, method: String, path: String) -> Fault? {
        var result: Fault?
        for index in entries.indices {
            let rule = entries[index].rule
            guard rule.host ?? host == host, rule.method ?? method == method,
                rule.path.map({ PathPattern(text: $0).matches(path) }) ?? true
            else { continue }
            let number = entries[index].matches
            entries[index].matches += 1
            let first = rule.after ?? 0
            guard result == nil, number >= first, rule.count.map({ number - first < $0 }) ?? true else { continue }
            let draw = scrambled(scrambled(UInt64(bitPattern: Int64(rule.seed ?? 0))) &+ UInt64(number))
            guard rule.probability.map({ Double(draw >> 32) / 4_294_967_296 < $0 }) ?? true else { continue }
            result = Fault(action: rule.action, draw: scrambled(draw))
        }
        return result
    }
}
