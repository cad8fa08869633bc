import Support
import TwilioAPI

/// One file's units in the disk cache.
///
/// A unit is eight blocks. The cache stores the 16 bytes of ciphertext before them too, since CBC needs those bytes to
/// decrypt the first block.
///
/// Its name in the cache follows from the facts of the content that the bytes belong to, whatever the file has learnt
/// since. Media that isn't encrypted isn't cached: nothing is written to the disk in clear.
struct UnitCache {
    let known: KnownMedia
    let content: MediaContent
    private var services: MediaServices { known.services }

    /// The content's identity in the cache; nil if it has no entity tag or isn't encrypted, and so isn't cached.
    private var identity: CachedContent? {
        guard content.isEncrypted, let facts = content.facts, let tag = facts.entityTag else { return nil }
        // Twilio may give one tag to different numbers of channels.
        let form = facts.requestedChannels.map { $0 > 0 ? " channels=\($0)" : "" } ?? ""
        // Bytes that came with another envelope are other content.
        let envelope = facts.envelopeDigest.map { " envelope=\($0)" } ?? ""
        return CachedContent(sid: known.sid.description, entityTag: tag + form + envelope, size: facts.ciphertextSize)
    }

    /// The units that are probably stored.
    var units: Set<Int> {
        guard let cache = services.diskCache, let identity else { return [] }
        return cache.units(of: identity)
    }

    /// Fills the missing `blocks` of a unit, in order; waits for the disk; false on a miss.
    func fill(_ blocks: [Block], ofUnit unit: Int) -> Bool {
        guard let cache = services.diskCache, let identity else { return false }
        let contentSize = content.contentSize
        let indices = BlockState.Map.blocks(ofUnit: unit, contentSize: contentSize)
        var buffers: [UnsafeMutableRawBufferPointer] = []
        // The checksum covers the whole unit, so blocks that are in memory are read too, and discarded.
        var unwanted: [UnsafeMutableRawBufferPointer] = []
        defer { for buffer in unwanted { buffer.deallocate() } }
        var wanted = blocks[...]
        for index in indices {
            let hasPrefix = index == indices.lowerBound
            if let block = wanted.first, block.index == index {
                wanted = wanted.dropFirst()
                buffers.append(block.unsafeBytes(withPrefix: hasPrefix))
            } else {
                let byteCount = Int(min(Int64(Block.size), contentSize - Int64(index) * Int64(Block.size)))
                let buffer = UnsafeMutableRawBufferPointer.allocate(
                    byteCount: byteCount + (hasPrefix ? Block.prefixSize : 0), alignment: 16)
                unwanted.append(buffer)
                buffers.append(buffer)
            }
        }
        guard cache.readUnit(unit, of: identity, into: buffers) else { return false }
        // The end of each buffer is the next block's prefix.
        for block in blocks where block.index > indices.lowerBound {
            let previous = buffers[block.index - indices.lowerBound - 1]
            let tail = UnsafeRawBufferPointer(rebasing: previous.suffix(Block.prefixSize))
            block.write(tail.bytes, at: -Block.prefixSize)
        }
        return true
    }

    /// Queues a complete unit for storing, unless `note` returns false because the unit is stored already.
    func store(_ blocks: [Block], asUnit unit: Int, note: () -> Bool) {
        guard let identity, note() else { return }
        // Where decryption doesn't need the bytes before a block, the memory has some of another use, perhaps in clear.
        let needsPrefix = content.needsPrecedingBlock && unit > 0
        services.store(byteCount: blocks.count * Block.size) { cache in
            withUnsafeBytes(of: UInt128.zero) { zeros in
                let bytes = blocks.enumerated().map {
                    UnsafeRawBufferPointer($1.unsafeBytes(withPrefix: needsPrefix && $0 == 0))
                }
                cache.storeUnit(unit, of: identity, from: needsPrefix ? bytes : [zeros] + bytes)
            }
        }
    }
}
