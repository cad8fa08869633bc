import TwilioAPI

/// A grouping of recordings, besides that by date; its raw value names the directory.
enum Grouping: String, CaseIterable, Hashable, Sendable {
    /// By the recorded call.
    case call = "by-call"
    /// By the recorded video room.
    case room = "by-room"

    /// The grouping of a call or a room.
    init(of group: SID) { self = group.letters == .call ? .call : .room }

    /// The kinds with this grouping.
    var kinds: [MediaKind] { self == .call ? Self.kindsOfCalls : Self.kindsOfRooms }

    // Made only once, since each lookup asks for them.
    private static let kindsOfCalls = MediaKind.allCases.filter { $0.group == .call }
    private static let kindsOfRooms = MediaKind.allCases.filter { $0.group == .room }

    /// Reads the name of a call or a room; nil for other names.
    func group(named name: String) -> SID? {
        guard let sid = SID(name), kinds.contains(where: { $0.groupLetters == sid.letters }) else { return nil }
        return sid
    }
}
