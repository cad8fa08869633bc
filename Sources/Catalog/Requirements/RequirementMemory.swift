import Support
import TwilioAPI

/// The recordings of one kind with one requirement, given by its number.
struct RequirementGroup: Hashable, Sendable {
    let number: Int64
    let kind: MediaKind
}

/// The requirements in memory.
final class RequirementMemory: Sendable {
    private struct State {
        /// The epoch of the database that numbers them.
        var epoch = 0
        /// Requirements by their numbers, as last read.
        var known: [Int64: MediaRequirement] = [:]
        var hidden: [MediaKind: Set<Int64>] = [:]
        /// The number of recordings that got a new requirement after they were stored.
        var gains: [RequirementGroup: Int] = [:]
    }

    private let state = Locked(State())

    /// Forgets the known and the hidden requirements: their numbers mean others in the database with this epoch.
    func forgetNumbers(epoch: Int) { state.withLock { ($0.epoch, $0.known, $0.hidden) = (epoch, [:], [:]) } }

    /// The epoch of the database that numbers the requirements.
    var epoch: Int { state.withLock { $0.epoch } }

    /// The requirement with a number; nil when it wasn't read yet.
    func requirement(_ number: Int64) -> MediaRequirement? { state.withLock { $0.known[number] } }

    /// Replaces the known requirements by those read from a database; does nothing if that was replaced.
    ///
    /// - Parameter epoch: the value of ``epoch`` before they were read.
    func keep(_ requirements: [Int64: MediaRequirement], epoch: Int) {
        state.withLock { if $0.epoch == epoch { $0.known = requirements } }
    }

    var hidden: [MediaKind: Set<Int64>] { state.withLock { $0.hidden } }

    /// Hides the recordings with the given requirements, and shows all others; does nothing if the database with this
    /// epoch was replaced.
    func hide(_ numbers: [MediaKind: Set<Int64>], epoch: Int) {
        state.withLock { if $0.epoch == epoch { $0.hidden = numbers } }
    }

    func isHidden(_ group: RequirementGroup) -> Bool {
        state.withLock { $0.hidden[group.kind]?.contains(group.number) == true }
    }

    func add(_ gains: [RequirementGroup: Int]) {
        state.withLock { $0.gains.merge(gains, uniquingKeysWith: +) }
    }

    /// The number of recordings that joined a group after they were stored.
    func gains(of group: RequirementGroup) -> Int { state.withLock { $0.gains[group] ?? 0 } }
}
