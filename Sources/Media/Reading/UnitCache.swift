import Support
import TwilioAPI

/// One file's units in the disk cache.
///
/// A unit is eight blocks. It is stored behind the 16 bytes of ciphertext before it, which CBC needs to decrypt its
/// first block.
struct UnitCache {
    let known: KnownMedia
    private var services: MediaServices { known.services }

    /// The content's name in the cache; nil when nothing tells it from other content, so that it isn't cached.
    private var content: CachedContent? {
        guard let facts = known.facts, let tag = facts.entityTag else { return nil }
        // Twilio may tag the forms of one recording alike.
        let form = facts.requestedChannels.map { $0 > 0 ? " channels=\($0)" : "" } ?? ""
        // Answers are compared with the envelope that is known. Bytes that came with another one are other content.
        let envelope = facts.envelopeDigest.map { " envelope=\($0)" } ?? ""
        return CachedContent(
            sid: known.sid.description, entityTag: tag + form + envelope, size: facts.ciphertextSize)
    }

    /// The units that are probably there.
    var units: Set<Int> {
        guard let cache = services.diskCache, let content else { return [] }
        return cache.units(of: content)
    }

    /// Fills the missing blocks of a unit; blocks until the disk has answered.
    ///
    /// - Parameters:
    ///   - blocks: those blocks of the unit, in order.
    ///   - contentSize: bytes of the content, without its tag.
    /// - Returns: whether they are filled.
    func fill(_ blocks: [Block], ofUnit unit: Int, contentSize: Int64) -> Bool {
        guard let cache = services.diskCache, let content else { return false }
        let size = Int64(Block.size)
        let count = BlockState.Map.unit
        let first = unit * count
        let end = min(Int((contentSize + size - 1) / size), first + count)
        var buffers: [UnsafeMutableRawBufferPointer] = []
        // Blocks of the unit that are held already are read all the same, to nowhere: its checksum covers them.
        var unwanted: [UnsafeMutableRawBufferPointer] = []
        defer { for buffer in unwanted { buffer.deallocate() } }
        var wanted = blocks[...]
        for index in first..<end {
            if let block = wanted.first, block.index == index {
                wanted = wanted.dropFirst()
                buffers.append(block.unsafeBytes(withPrefix: index == first))
            } else {
                let byteCount = Int(min(size, contentSize - Int64(index) * size))
                let buffer = UnsafeMutableRawBufferPointer.allocate(
                    byteCount: byteCount + (index == first ? Block.prefixSize : 0), alignment: 16)
                unwanted.append(buffer)
                buffers.append(buffer)
            }
        }
        guard cache.readUnit(unit, of: content, into: buffers) else { return false }
        // The end of each buffer is the prefix of the block behind it.
        for block in blocks where block.index > first {
            let previous = buffers[block.index - first - 1]
            let tail = UnsafeRawBufferPointer(rebasing: previous.suffix(Block.prefixSize))
            block.write(tail.bytes, at: -Block.prefixSize)
        }
        return true
    }

    /// Has a unit stored soon, of which all blocks have come.
    ///
    /// - Parameter note: takes note that it is being stored; false when that is known.
    func store(_ blocks: [Block], asUnit unit: Int, note: () -> Bool) {
        guard let content, note() else { return }
        services.store(byteCount: blocks.count * Block.size) { cache in
            cache.storeUnit(
                unit, of: content,
                from: blocks.enumerated().map { UnsafeRawBufferPointer($1.unsafeBytes(withPrefix: $0 == 0)) })
        }
    }

    /// Removes everything of the recording, before anything of it is stored again.
    func forget() {
        guard let cache = services.diskCache else { return }
        // Not here: the disk may take its time. What is stored later comes later in the same queue.
        services.storeWorker.run { [sid = known.sid] in cache.removeUnits(ofRecording: sid.description) }
    }
}
