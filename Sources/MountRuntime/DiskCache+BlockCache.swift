public import DiskCache
public import Media

/// Has the disk cache keep the ciphertext of media.
///
/// Here, where both are wired together: neither module knows the other.
extension DiskCache: BlockCache {
    /// The units of a content that are probably held.
    public func units(of content: CachedContent) -> Set<Int> {
        blocks(of: Content(content))
    }

    /// Reads a unit, and verifies it.
    public func readUnit(
        _ index: Int, of content: CachedContent, into buffers: [UnsafeMutableRawBufferPointer]
    ) -> Bool {
        read(index, of: Content(content), into: buffers)
    }

    /// Stores a unit.
    public func storeUnit(_ index: Int, of content: CachedContent, from buffers: [UnsafeRawBufferPointer]) {
        store(index, of: Content(content), from: buffers)
    }

    /// Removes everything of a recording.
    public func removeUnits(ofRecording sid: String) {
        remove(sid: sid)
    }
}

extension DiskCache.Content {
    fileprivate init(_ content: CachedContent) {
        self.init(sid: content.sid, entityTag: content.entityTag, size: content.size)
    }
}
