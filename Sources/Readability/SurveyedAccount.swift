public import Catalog
import Support
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

    /// The visible kinds, voice first: its envelopes are in the catalog, and prove most keys for video too.
    var kinds: [MediaKind] { catalog.window.kinds.sorted { $0.rawValue < $1.rawValue } }

    /// Whether all of its lists are complete.
    var isListed: Bool { catalog.window.kinds.allSatisfy(synchronizer.isComplete) }

    /// The number of listed recordings of each kind.
    var counts: [MediaKind: Int64] {
        var counts: [MediaKind: Int64] = [:]
        for kind in catalog.window.kinds { counts[kind] = (try? catalog.totals(of: kind).count) ?? 0 }
        return counts
    }

    /// - Parameter counts: ``counts``, taken once for all groups.
    func mark(of group: RequirementGroup, _ counts: [MediaKind: Int64]) -> GroupMark {
        GroupMark(count: counts[group.kind] ?? 0, gains: catalog.requirements.gains(of: group.number, kind: group.kind))
    }
}

/// Recordings of one kind with one requirement; a key may be declared for some kinds only.
struct RequirementGroup: Hashable {
    let number: Int64
    let kind: MediaKind
}

/// Two numbers, one of which changes when a group gains recordings.
struct GroupMark: Hashable {
    /// Recordings of the kind.
    let count: Int64

    /// Recordings of the group that got the requirement after they were listed.
    let gains: Int
}
