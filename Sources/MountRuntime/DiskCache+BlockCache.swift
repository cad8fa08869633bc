public import DiskCache
public import Media

/// Makes the disk cache a store for the ciphertext of media.
///
/// `DiskCache` and `Media` don't know each other; this module connects them.
extension DiskCache: BlockCache {
    /// The units of a content that the cache probably holds.
    public func units(of content: CachedContent) -> Set<Int> { blocks(of: CacheContent(content)) }

    /// Reads and verifies a unit.
    public func readUnit(
        _ index: Int, of content: CachedContent, into buffers: [UnsafeMutableRawBufferPointer]
    ) -> Bool { read(index, of: CacheContent(content), into: buffers) }

    /// Stores a unit.
    public func storeUnit(_ index: Int, of content: CachedContent, from buffers: [UnsafeRawBufferPointer]) {
        store(index, of: CacheContent(content), from: buffers)
    }

    /// Removes all units of a recording.
    public func removeUnits(ofRecording sid: String) { remove(sid: sid) }
}

extension CacheContent {
    fileprivate init(_ content: CachedContent) {
        self.init(sid: content.sid, entityTag: content.entityTag, size: content.size)
    }
}
