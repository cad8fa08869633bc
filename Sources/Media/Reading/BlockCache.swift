/// A cache of ciphertext that outlives the mount.
///
/// It keeps units: 1 MiB of ciphertext each, the last one of a content shorter, behind 16 bytes that are the ciphertext
/// before it where that is needed. It doesn't know what the bytes mean. It never fails: a unit that it can't read is a
/// miss, one that it can't store isn't stored. All functions but ``units(of:)`` may block for some milliseconds, and
/// are called on threads of their own.
public protocol BlockCache: Sendable {
    /// The units of a content that are probably held, by index; looks at no file.
    func units(of content: CachedContent) -> Set<Int>

    /// Reads a unit, and verifies that it is what was stored.
    ///
    /// - Parameter buffers: filled one after the other; together as long as the unit that was stored.
    /// - Returns: whether they have the unit; if not, their contents are unspecified.
    func readUnit(_ index: Int, of content: CachedContent, into buffers: [UnsafeMutableRawBufferPointer]) -> Bool

    /// Stores a unit; one that is held already stays as it is.
    ///
    /// Units of the recording's other contents are removed.
    ///
    /// - Parameter buffers: its bytes, one after the other.
    func storeUnit(_ index: Int, of content: CachedContent, from buffers: [UnsafeRawBufferPointer])

    /// Removes everything of a recording.
    func removeUnits(ofRecording sid: String)
}

/// The content to which a ``BlockCache``'s units belong: those of another entity tag or size are other content.
public struct CachedContent: Hashable, Sendable {
    /// The recording's SID.
    public let sid: String

    /// The entity tag of the ciphertext, with the form in which it was asked for and the digest of its envelope.
    public let entityTag: String

    /// The size of the ciphertext in bytes.
    public let size: Int64
}
