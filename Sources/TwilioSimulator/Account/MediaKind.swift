/// The three kinds of media that an account holds.
public enum MediaKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// A voice recording, `RE…`.
    case recording
    /// A recording of one track in a video room, `RT…`.
    case videoRecording = "video-recording"
    /// A video composition, `CJ…`.
    case composition

    /// The beginning of the kind's SIDs.
    var sidPrefix: String {
        switch self {
        case .recording: "RE"
        case .videoRecording: "RT"
        case .composition: "CJ"
        }
    }

    /// The sub-folder of the media folder that holds the kind.
    var folderName: String { rawValue + "s" }

    /// The extensions of the kind's files; the first is assumed where a resource has no media.
    var fileExtensions: [String] {
        switch self {
        case .recording: ["wav"]
        case .videoRecording: ["mka", "mkv"]
        case .composition: ["mp4", "webm"]
        }
    }

    /// The most resources on a page that the API allows.
    var largestPage: Int { self == .recording ? 1000 : 100 }
}

/// Tells whether a text is a SID: two letters and 32 hexadecimal digits.
func isSID(_ text: some StringProtocol, prefix: String) -> Bool {
    text.utf8.count == 34 && text.hasPrefix(prefix) && text.dropFirst(2).allSatisfy(\.isHexDigit)
}

/// Derives a SID from a text, the same every time.
func derivedSID(prefix: String, from text: String) throws(SimulatorError) -> String {
    prefix + hexadecimal(try Digest.of(text.utf8).prefix(16))
}
