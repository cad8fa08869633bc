public import Catalog
public import Sync
public import TwilioAPI

/// An account to survey.
public struct SurveyedAccount: Sendable {
    let sid: SID
    let catalog: Catalog
    private let synchronizer: Synchronizer

    /// Makes an account.
    public init(_ sid: SID, catalog: Catalog, synchronizer: Synchronizer) {
        self.sid = sid
        self.catalog = catalog
        self.synchronizer = synchronizer
    }

    /// Whether all of its lists are complete.
    var isListed: Bool { catalog.window.kinds.allSatisfy(synchronizer.isComplete) }

    /// The groups of some requirements, in the given order, with their present marks.
    func marks(of numbers: some Sequence<Int64>) -> [(group: RequirementGroup, mark: GroupMark)] {
        // Voice comes first: its envelopes are in the catalog, and prove most keys for video too.
        let kinds = catalog.window.kinds.sorted { $0.rawValue < $1.rawValue }
        let counts = kinds.map { ($0, (try? catalog.totals(of: $0).count) ?? 0) }
        return numbers.flatMap { number in
            counts.map { kind, count in
                let mark = GroupMark(count: count, gains: catalog.requirements.gains(of: number, kind: kind))
                return (RequirementGroup(number: number, kind: kind), mark)
            }
        }
    }
}

/// Recordings of one kind with one requirement; a key may be declared for some kinds only.
struct RequirementGroup: Hashable {
    let number: Int64
    let kind: MediaKind
}

/// Two numbers, at least one of which changes when a group gains recordings.
struct GroupMark: Hashable {
    /// Recordings of the kind.
    let count: Int64

    /// Recordings of the group that got the requirement after they were listed.
    let gains: Int
}
