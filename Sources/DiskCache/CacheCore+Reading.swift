import Glibc
import Logging
import Support

extension CacheCore {
    /// The number of noted uses at which the upkeep is woken to write them to the index.
    private static let manyUses = 4096

    func blocks(of content: CacheContent) -> Set<Int> {
        guard let store = usableStore(for: .reading) else { return [] }
        do throws(IndexFailure) {
            let blocks = try store.index.blocks(of: content)
            resume(.reading)
            return blocks
        } catch {
            note(error, store, during: .reading)
            return []
        }
    }

    /// Reads a block, and returns whether the buffers were filled.
    func read(_ place: BlockPlace, into buffers: [UnsafeMutableRawBufferPointer]) -> Bool {
        let isHit = usableStore(for: .reading).map { find(place, in: $0, buffers) } ?? false
        state.withLock { if isHit { $0.hits += 1 } else { $0.misses += 1 } }
        if isHit { resume(.reading) }
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
        // A stored block of another length is no damage.
        guard entry.bytes == header.length + length else { return false }
        let descriptor: Int32
        do throws(SystemError) {
            descriptor = try store.files.openBlock(entry.id)
        } catch {
            // The file was evicted just now, or removed by another program: the row is useless. Other errors are
            // caused by this process or the folder.
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

    /// Removes a block that has no valid file.
    private func forget(_ id: Int64, _ store: OpenStore) {
        do throws(IndexFailure) {
            try store.index.remove([id], store.files)
        } catch {
            note(error, store)
        }
    }

    /// Counts a damaged block, and logs the first as a warning, since the disk may be failing.
    private func noteDamage(_ place: BlockPlace) {
        let count = state.withLock { state in
            state.damaged += 1
            return state.damaged
        }
        logger.log(
            level: count == 1 ? .warning : .debug,
            "\(place.content.sid): cached block \(place.number) is damaged; it is fetched again")
    }

    /// Schedules the removal of the recording's other contents.
    func noteStale(_ content: CacheContent) {
        state.withLock { $0.staleRecordings[content.sid] = content }
        wake()
    }
}
