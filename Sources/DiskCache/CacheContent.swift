/// The identity of a recording's ciphertext: the SID, the entity tag and the size.
public struct CacheContent: Hashable, Sendable {
    /// The recording's SID.
    public let sid: String

    /// The entity tag of the ciphertext, with everything else that decides its bytes.
    public let entityTag: String

    /// The size of the ciphertext, in bytes.
    public let size: Int64

    /// Makes an identity.
    public init(sid: String, entityTag: String, size: Int64) {
        self.sid = sid
        self.entityTag = entityTag
        self.size = size
    }
}

/// The position of a block: its content, and its index in the content.
struct BlockPlace: Hashable, Sendable {
    let content: CacheContent
    let number: Int
}
