/// A cache of ciphertext across mounts.
///
/// It stores units: 16 bytes, then 1 MiB of ciphertext (less for a content's last unit). The 16 bytes are the
/// ciphertext before the unit if decryption needs it, else they are zeros. The cache doesn't interpret the bytes.
///
/// It never fails: an unreadable unit is a miss, and one that can't be stored is dropped. All functions
/// may block, and are called on their own threads (``DiskAccess``).
public protocol BlockCache: Sendable {
    /// The indices of the units that are probably stored; reads no file.
    func units(of content: CachedContent) -> Set<Int>

    /// Reads and verifies a unit.
    ///
    /// - Parameter buffers: filled in order; together as long as the stored unit.
    /// - Returns: whether the buffers have the unit; if not, their contents are unspecified.
    func readUnit(_ index: Int, of content: CachedContent, into buffers: [UnsafeMutableRawBufferPointer]) -> Bool

    /// Stores a unit unless it is stored, and removes the units of the recording's other contents.
    ///
    /// - Parameter buffers: the unit's bytes, in order.
    func storeUnit(_ index: Int, of content: CachedContent, from buffers: [UnsafeRawBufferPointer])

    /// Removes all units of a recording.
    func removeUnits(ofRecording sid: String)
}

/// The content of a ``BlockCache``'s units; another entity tag or size makes it another content.
public struct CachedContent: Hashable, Sendable {
    /// The recording's SID.
    public let sid: String

    /// The entity tag of the ciphertext, with the requested number of channels and the envelope's digest.
    public let entityTag: String

    /// The size of the ciphertext in bytes.
    public let size: Int64
}
