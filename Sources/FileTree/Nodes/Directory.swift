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

    /// The fixed entries in a branch with some visible kinds, in the order of their cookies, which are 3 to 47.
    ///
    /// - Parameter hasCalls: Whether the branch has the calls of its recordings.
    func fixedEntries(
        showing kinds: Set<MediaKind>, hasCalls: Bool
    ) -> [(name: String, place: Place, cookie: Int64)] {
        let shown = MediaKind.allCases.filter(kinds.contains).map { (kind: $0, cookie: 8 + Int64($0.rawValue)) }
        return switch self {
        case .root:
            shown.map { ($0.kind.directoryName, .directory(.media($0.kind)), $0.cookie) }
                + [("metadata", .directory(.metadata), 24), ("by-date", .directory(.byDate), 25)]
                + Grouping.allCases.filter { !kinds.isDisjoint(with: $0.kinds) }.map {
                    ($0.rawValue, .directory(.byGroup($0)), $0.cookie)
                } + (hasCalls ? [("by-number", .directory(.byNumber), 40)] : [])
        case .metadata: shown.map { ($0.kind.directoryName, .directory(.metadataOf($0.kind)), $0.cookie) }
        case .control:
            zip(ControlFile.allCases, Int64(8)...).map { ($0.rawValue, .control($0), $1) }
        case .media, .metadataOf, .byDate, .date, .byGroup, .group, .byNumber, .number, .accounts: []
        }
    }

    /// Whether the places of its entries in a listing mean the same in every database.
    var hasLastingPlaces: Bool {
        switch self {
        case .byDate, .byGroup, .byNumber: true
        case .date: !isDay
        // The positions of recordings, or no places in the catalog.
        case .media, .metadataOf, .group, .number, .root, .metadata, .accounts, .control: false
        }
    }
}

extension Grouping {
    /// The cookie of its directory.
    fileprivate var cookie: Int64 {
        switch self {
        case .call: 32
        case .room: 33
        case .conference: 34
        }
    }
}
