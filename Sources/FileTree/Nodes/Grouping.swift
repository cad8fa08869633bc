import TwilioAPI

/// What recordings are put together by, besides dates; the name of its directory.
enum Grouping: String, CaseIterable, Hashable, Sendable {
    /// The call that was recorded.
    case call = "by-call"

    /// The video room that was recorded.
    case room = "by-room"

    /// The one to which a call or a room belongs.
    init(of group: SID) {
        self = group.letters == .call ? .call : .room
    }

    private init(_ group: MediaKind.Group) {
        switch group {
        case .call: self = .call
        case .room: self = .room
        }
    }

    /// The kinds that belong to such.
    var kinds: [MediaKind] { MediaKind.allCases.filter { Grouping($0.group) == self } }

    /// Reads the name of a call or a room; nil for a name that can't be one.
    func group(named name: String) -> SID? {
        guard let sid = SID(name), kinds.contains(where: { $0.groupLetters == sid.letters }) else { return nil }
        return sid
    }
}
