import Catalog
import TwilioAPI

/// A grouping of recordings, besides those by date and by telephone number; its raw value names the directory.
enum Grouping: String, CaseIterable, Hashable, Sendable {
    /// By the recorded call.
    case call = "by-call"
    /// By the recorded video room.
    case room = "by-room"
    /// By the recorded conference.
    case conference = "by-conference"

    /// The grouping of a call, a room or a conference.
    init(of group: SID) {
        switch group.letters {
        case .call: self = .call
        case .conference: self = .conference
        default: self = .room
        }
    }

    /// The kinds with this grouping.
    var kinds: [MediaKind] { self == .room ? MediaKind.ofRooms : MediaKind.ofCalls }

    /// The first letters of its groups' SIDs.
    private var letters: SID.Letters {
        switch self {
        case .call: .call
        case .room: .room
        case .conference: .conference
        }
    }

    /// Reads the name of a call, a room or a conference; nil for other names.
    func group(named name: String) -> SID? { SID(name, letters: letters) }
}

/// The groups in a catalog, as far as they have shown recordings.
extension Grouping {
    /// The groups in the order of their SIDs, each with its place.
    ///
    /// - Parameter place: The place of the previous group; 0 to begin.
    func groups(
        in catalog: Catalog, after place: Int64, limit: Int
    ) throws(CatalogError) -> [(group: SID, place: Int64)] {
        switch self {
        case .conference: try catalog.groups.conferences(after: place, limit: limit)
        case .call, .room: try catalog.groups.callsOrRooms(of: kinds, after: place, limit: limit)
        }
    }

    /// The groups whose SIDs begin with some digits.
    func groups(in catalog: Catalog, digits: ClosedRange<UInt64>) throws(CatalogError) -> [SID] {
        switch self {
        case .conference: try catalog.groups.conferences(digits: digits)
        case .call, .room: try catalog.groups.callsOrRooms(of: kinds, digits: digits)
        }
    }
}
