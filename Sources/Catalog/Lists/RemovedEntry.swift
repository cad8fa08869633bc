public import TwilioAPI

/// A recording that the catalog no longer shows, and the values that make up its file names.
public struct RemovedEntry: Hashable, Sendable {
    /// The recording's SID.
    public let sid: SID

    /// The kind of the recording.
    public let kind: MediaKind

    /// The extension of the file name.
    public let containerFormat: String

    /// The creation time; nil if the resource had none.
    public let dateCreated: Timestamp?

    /// The call or the room of the recording; nil if the resource named none.
    public let group: SID?
}
