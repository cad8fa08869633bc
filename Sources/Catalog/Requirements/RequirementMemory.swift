import Support
import TwilioAPI

/// Recordings of one kind that have one requirement, given as its number.
struct RequirementGroup: Hashable, Sendable {
    let number: Int64
    let kind: MediaKind
}

/// What is kept in memory of requirements and their numbers.
final class RequirementMemory: Sendable {
    private struct State {
        /// Requirements by their numbers, as last read.
        var known: [Int64: MediaRequirement] = [:]

        /// The requirements whose recordings are hidden.
        var hidden: [MediaKind: Set<Int64>] = [:]

        /// How many recordings came to have another requirement after they were stored.
        var gains: [RequirementGroup: Int] = [:]
    }

    private let state = Locked(State())

    /// Forgets all numbers: in another database they have other meanings.
    func forgetNumbers() {
        state.withLock { ($0.known, $0.hidden) = ([:], [:]) }
    }

    /// The requirement with a number; nil when it wasn't read yet.
    func requirement(_ number: Int64) -> MediaRequirement? { state.withLock { $0.known[number] } }

    /// Keeps all requirements that the database has.
    func keep(_ requirements: [Int64: MediaRequirement]) {
        state.withLock { $0.known = requirements }
    }

    /// The requirements whose recordings are hidden.
    var hidden: [MediaKind: Set<Int64>] { state.withLock { $0.hidden } }

    /// Hides the recordings that have one of some requirements, and shows all others.
    func hide(_ numbers: [MediaKind: Set<Int64>]) {
        state.withLock { $0.hidden = numbers }
    }

    /// Whether recordings of a group are hidden.
    func isHidden(_ group: RequirementGroup) -> Bool {
        state.withLock { $0.hidden[group.kind]?.contains(group.number) == true }
    }

    /// Counts recordings that came to have another requirement.
    func add(_ gains: [RequirementGroup: Int]) {
        state.withLock { $0.gains.merge(gains, uniquingKeysWith: +) }
    }

    /// How many recordings came to be in a group after they were stored.
    func gains(of group: RequirementGroup) -> Int { state.withLock { $0.gains[group] ?? 0 } }
}
