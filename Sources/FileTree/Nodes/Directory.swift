import Catalog
import TwilioAPI

/// A directory of an account's branch.
enum Directory: Hashable, Sendable {
    /// The root of the branch.
    case root
    /// The recordings of a kind.
    case media(MediaKind)
    /// The directories with resources.
    case metadata
    /// The resources of a kind.
    case metadataOf(MediaKind)
    /// The years of the view by date.
    case byDate
    /// A year, a month or a day.
    case date(DateSpan)
    /// All calls, all rooms, or all conferences.
    case byGroup(Grouping)
    /// A call, a room, or a conference.
    case group(SID)
    /// All telephone numbers.
    case byNumber
    /// A telephone number, or all other parties.
    case number(NumberGroup)
    /// The branches of the subaccounts; in the mounted account's branch alone.
    case accounts
    /// The files about the mount itself; in the mounted account's branch alone.
    case control

    /// The directory above, in the same branch; the root's is itself.
    var parent: Directory {
        switch self {
        case .root, .media, .metadata, .byDate, .byGroup, .byNumber, .accounts, .control: .root
        case .metadataOf: .metadata
        case .date(let span): span.parent.map { .date($0) } ?? .byDate
        case .group(let sid): .byGroup(Grouping(of: sid))
        case .number: .byNumber
        }
    }

    /// The kinds of the recordings in or below it.
    var kinds: [MediaKind] {
        switch self {
        case .media(let kind), .metadataOf(let kind): [kind]
        case .byGroup(let grouping): grouping.kinds
        case .group(let sid): Grouping(of: sid).kinds
        case .byNumber, .number: Grouping.call.kinds
        case .root, .metadata, .byDate, .date, .accounts, .control: MediaKind.allCases
        }
    }

    /// The kinds whose lists its own entries come from.
    var listedKinds: [MediaKind] {
        switch self {
        case .media, .metadataOf, .byDate, .date, .byGroup, .group, .byNumber, .number: kinds
        case .root, .metadata, .accounts, .control: []
        }
    }

    /// The fixed entries in a branch with some visible kinds, in the order of the listing.
    ///
    /// - Parameter hasCalls: Whether the branch has the calls of its recordings.
    func fixedEntries(showing kinds: Set<MediaKind>, hasCalls: Bool) -> [(name: String, place: Place)] {
        let shown = MediaKind.allCases.filter(kinds.contains)
        return switch self {
        case .root:
            shown.map { ($0.directoryName, .directory(.media($0))) } + [("metadata", .directory(.metadata))]
                + [("by-date", .directory(.byDate))]
                + Grouping.allCases.filter { !kinds.isDisjoint(with: $0.kinds) }.map {
                    ($0.rawValue, .directory(.byGroup($0)))
                } + (hasCalls ? [("by-number", .directory(.byNumber))] : [])
        case .metadata: shown.map { ($0.directoryName, .directory(.metadataOf($0))) }
        case .control: ControlFile.allCases.map { ($0.rawValue, .control($0)) }
        case .media, .metadataOf, .byDate, .date, .byGroup, .group, .byNumber, .number, .accounts: []
        }
    }
}
