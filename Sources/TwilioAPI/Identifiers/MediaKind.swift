/// The three kinds of media that an account holds.
public enum MediaKind: Int, CaseIterable, Sendable, Hashable, Codable {
    /// A recording of a call, `RE…`.
    case voiceRecording = 1

    /// A recording of one track of a video room, `RT…`.
    case videoRecording = 2

    /// A composition of such tracks, `CJ…`.
    case composition = 3

    /// The two letters with which SIDs of this kind begin.
    public var sidPrefix: String {
        switch self {
        case .voiceRecording: "RE"
        case .videoRecording: "RT"
        case .composition: "CJ"
        }
    }

    /// The kind's name in messages, in the plural.
    public var pluralName: String {
        switch self {
        case .voiceRecording: "voice recordings"
        case .videoRecording: "video recordings"
        case .composition: "compositions"
        }
    }

    /// The letters with which SIDs of this kind begin.
    public var sidLetters: SID.Letters {
        switch self {
        case .voiceRecording: .voiceRecording
        case .videoRecording: .videoRecording
        case .composition: .composition
        }
    }

    /// The letters of what recordings of this kind belong to: a call or a room.
    public var groupLetters: SID.Letters {
        switch self {
        case .voiceRecording: .call
        case .videoRecording, .composition: .room
        }
    }
}
