public import Catalog
import Support
public import TwilioAPI
public import Sync

/// An account as the survey sees it.
public struct SurveyedAccount: Sendable {
    let sid: SID
    let catalog: Catalog
    private let synchronizer: Synchronizer

    /// Puts an account together.
    public init(_ sid: SID, catalog: Catalog, synchronizer: Synchronizer) {
        self.sid = sid
        self.catalog = catalog
        self.synchronizer = synchronizer
    }

    /// The kinds that are shown, voice first: its envelopes are at hand, and prove a key for video as well where keys
    /// aren't declared for kinds.
    var kinds: [MediaKind] { catalog.window.kinds.sorted { $0.rawValue < $1.rawValue } }

    /// Whether all of its lists are complete.
    var isListed: Bool { catalog.window.kinds.allSatisfy(synchronizer.isComplete) }

    /// How many recordings of each kind it has, as far as they are listed.
    var counts: [MediaKind: Int64] {
        var counts: [MediaKind: Int64] = [:]
        for kind in catalog.window.kinds { counts[kind] = (try? catalog.totals(of: kind).count) ?? 0 }
        return counts
    }

    /// - Parameter counts: ``counts``, taken once for all groups.
    func mark(of group: RequirementGroup, _ counts: [MediaKind: Int64]) -> GroupMark {
        GroupMark(
            count: counts[group.kind] ?? 0, gains: catalog.requirements.gains(of: group.number, kind: group.kind))
    }
}

/// Recordings of one kind that have one requirement: a key may be declared for some kinds.
struct RequirementGroup: Hashable {
    let number: Int64
    let kind: MediaKind
}

/// Two numbers, one of which changes when a group comes to have recordings.
struct GroupMark: Hashable {
    /// How many recordings of its kind there are.
    let count: Int64

    /// How many of them got the requirement after they were listed.
    let gains: Int
}
