import Glibc
import Support

extension CacheCore {
    /// Stores a block, unless it is stored already, storing is paused, or there is no room.
    func store(_ place: BlockPlace, from buffers: [UnsafeRawBufferPointer]) {
        let length = buffers.reduce(0) { $0 + $1.count }
        guard let store = usableStore(for: .storing), store.mayStore,
            let header = BlockHeader(place, dataLength: length)
        else { return }
        // If the folder was removed, the new file would not be counted.
        guard store.isCurrent else {
            lose(store)
            return
        }
        let bytes = Int64(header.length + length)
        if let free = store.files.freeBytes, free - bytes < minimumFree {
            // The pause has no length, but is logged: the next block checks again, which is cheap.
            pause(.storing, "less than \(minimumFree) bytes would be free in '\(folder)'", for: .zero)
            wake()
            return
        }
        do throws(IndexFailure) {
            switch try store.reserve(place, bytes: bytes, limit: limit) {
            case .reserved(let id, let hasOtherContents):
                if hasOtherContents { noteStale(place.content) }
                try write(id, header, buffers, store)
            case .noRoom:
                wake()
            case .held:
                break
            }
        } catch {
            note(error, store)
        }
    }

    private func write(
        _ id: Int64, _ header: BlockHeader, _ buffers: [UnsafeRawBufferPointer], _ store: OpenStore
    ) throws(IndexFailure) {
        do throws(SystemError) {
            let descriptor = try store.files.createTemporary(id)
            // The file is closed before it can be evicted: the space of an open file is not freed.
            let result = Result { () throws(SystemError) in try BlockFile.write(descriptor, header, from: buffers) }
            close(descriptor)
            try result.get()
            try store.files.publish(id)
        } catch {
            pause(.storing, "\(error)")
            do throws(IndexFailure) {
                try store.index.cancel([id], store.files)
            } catch {
                // The bytes stay counted until the upkeep cancels the reservation. If this process is killed first,
                // another process cancels it.
                store.abandoned.withLock { $0.append(id) }
            }
            return
        }
        do throws(IndexFailure) {
            try store.index.commit(id, time: store.uses.now(), files: store.files)
        } catch {
            store.abandoned.withLock { $0.append(id) }
            throw error
        }
        resume(.storing)
    }

    /// Removes all blocks of a recording.
    func remove(sid: String) {
        guard let store = state.withLock({ $0.store }) else { return }
        do throws(IndexFailure) {
            try store.index.remove(.recording(sid: sid), store.files)
        } catch {
            note(error, store)
        }
    }
}
