extension DiskCache {
    /// The bytes that blocks are held of.
    public typealias Content = CacheContent
}

/// The bytes of one recording, as long as its entity tag and size are the same.
public struct CacheContent: Hashable, Sendable {
    /// The recording's SID.
    public let sid: String

    /// The entity tag of the ciphertext.
    public let entityTag: String

    /// The size of the ciphertext in bytes.
    public let size: Int64

    /// Names the content.
    public init(sid: String, entityTag: String, size: Int64) {
        self.sid = sid
        self.entityTag = entityTag
        self.size = size
    }
}

/// Where a block belongs: a content, and the block's index in it.
struct BlockPlace: Hashable, Sendable {
    let content: CacheContent
    let number: Int
}
