public import TwilioAPI

/// A recording that is no longer shown, with the parts of all its names.
public struct RemovedEntry: Hashable, Sendable {
    /// The recording's SID.
    public let sid: SID

    /// The kind of the recording.
    public let kind: MediaKind

    /// The extension of the file name.
    public let containerFormat: String

    /// The creation time; nil when the resource had none.
    public let dateCreated: Timestamp?

    /// The call or the room of the recording.
    public let group: SID?
}
