public import TwilioAPI

/// A recording that is no longer shown: what is needed to find all of its names.
public struct RemovedEntry: Hashable, Sendable {
    /// The recording's SID.
    public let sid: SID

    /// Its kind.
    public let kind: MediaKind

    /// The extension of its file name.
    public let containerFormat: String

    /// When it was made; nil when the resource didn't tell.
    public let dateCreated: Timestamp?

    /// The call or the room that it belonged to.
    public let group: SID?
}
