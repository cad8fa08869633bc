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
