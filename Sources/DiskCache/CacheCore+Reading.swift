import Glibc
import Logging
import Support

extension CacheCore {
    /// Uses that are noted before the index is told without waiting for the next turn of the upkeep.
    private static let manyUses = 4096

    /// The store, unless reading from it has failed a moment ago.
    private var readableStore: OpenStore? {
        state.withLock { $0.pauses[.reading].isOver(at: .now) ? $0.store : nil }
    }

    /// The blocks of a content that are probably held.
    func blocks(of content: CacheContent) -> Set<Int> {
        guard let store = readableStore else { return [] }
        do throws(IndexFailure) {
            let blocks = try store.index.blocks(of: content)
            resume(.reading)
            return blocks
        } catch {
            note(error, store, during: .reading)
            return []
        }
    }

    /// Reads a block.
    ///
    /// - Returns: whether the buffers have it.
    func read(_ place: BlockPlace, into buffers: [UnsafeMutableRawBufferPointer]) -> Bool {
        let isHit = readableStore.map { find(place, in: $0, buffers) } ?? false
        let isFirst = state.withLock { state in
            if isHit { state.hits += 1 } else { state.misses += 1 }
            return isHit ? state.pauses[.reading].finish() : false
        }
        if isFirst { logger.notice("the cache is used again") }
        return isHit
    }

    private func find(_ place: BlockPlace, in store: OpenStore, _ buffers: [UnsafeMutableRawBufferPointer]) -> Bool {
        let length = buffers.reduce(0) { $0 + $1.count }
        guard let header = BlockHeader(place, dataLength: length) else { return false }
        let entry: BlockIndex.Entry
        do throws(IndexFailure) {
            switch try store.index.look(up: place) {
            case .found(let found): entry = found
            case .missing: return false
            case .stale:
                noteStale(place.content)
                return false
            }
        } catch {
            note(error, store, during: .reading)
            return false
        }
        // What was stored is of another length: no damage.
        guard entry.bytes == header.length + length else { return false }
        let descriptor: Int32
        do throws(SystemError) {
            descriptor = try store.files.openBlock(entry.id)
        } catch {
            // Whether it was evicted just now or removed by hand: the row is of no use. Other reasons lie with this
            // process, or with the folder.
            if error.code.rawValue == ENOENT { forget(entry.id, store) }
            return false
        }
        defer { close(descriptor) }
        switch BlockFile.read(descriptor, header, into: buffers) {
        case .read:
            if store.uses.note(entry.id) == Self.manyUses { wake() }
            return true
        case .damaged:
            noteDamage(place)
            forget(entry.id, store)
            return false
        case .failed:
            return false
        }
    }

    /// Removes a block that is none.
    private func forget(_ id: Int64, _ store: OpenStore) {
        do throws(IndexFailure) {
            try store.index.remove([id], store.files)
        } catch {
            note(error, store)
        }
    }

    /// Counts it, and says it the first time: the disk may be about to fail.
    private func noteDamage(_ place: BlockPlace) {
        let count = state.withLock { state in
            state.damaged += 1
            return state.damaged
        }
        logger.log(
            level: count == 1 ? .warning : .debug,
            "a cached block was damaged and is fetched again: \(place.content.sid), block \(place.number)")
    }

    /// Has the other contents of a recording removed soon.
    func noteStale(_ content: CacheContent) {
        state.withLock { $0.staleRecordings[content.sid] = content }
        wake()
    }
}
