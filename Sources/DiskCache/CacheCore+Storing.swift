import Glibc
import Logging
import Support

extension CacheCore {
    /// Stores a block, if it can be.
    func store(_ place: BlockPlace, from buffers: [UnsafeRawBufferPointer]) {
        let open = state.withLock { $0.pauses[.storing].isOver(at: .now) ? $0.store : nil }
        guard let store = open, store.mayStore,
            let header = BlockHeader(place, dataLength: buffers.reduce(0) { $0 + $1.count })
        else { return }
        // Somebody may have removed the folder: what would be written then would count nowhere.
        guard store.isCurrent else {
            if lose(store, isDamaged: false) { logger.notice("the cache in '\(folder)' was removed; it is made anew") }
            return
        }
        let bytes = Int64(header.length + buffers.reduce(0) { $0 + $1.count })
        if let free = store.files.freeBytes, free - bytes < minimumFree {
            // Without a time: the next block asks again, since asking costs nothing.
            pause(.storing, "less than \(minimumFree) bytes would be free in '\(folder)'", for: .zero)
            wake()
            return
        }
        do throws(IndexFailure) {
            switch try store.index.reserve(place, bytes: bytes, store.storing(limit: limit)) {
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
            // Closed before it can be evicted: the space of an open file isn't given back.
            let result = Result { () throws(SystemError) in try BlockFile.write(descriptor, header, from: buffers) }
            close(descriptor)
            try result.get()
            try store.files.publish(id)
        } catch {
            pause(.storing, "\(error)")
            giveBack(id, store)
            return
        }
        do throws(IndexFailure) {
            _ = try store.index.commit(id, time: store.uses.now(), files: store.files)
        } catch {
            store.abandoned.withLock { $0.append(id) }
            throw error
        }
        resume(.storing)
    }

    private func giveBack(_ id: Int64, _ store: OpenStore) {
        do throws(IndexFailure) {
            try store.index.cancel([id], store.files)
        } catch {
            // It counts until the upkeep gets it done, or, after a kill, somebody else's.
            store.abandoned.withLock { $0.append(id) }
        }
    }

    /// Removes what there is of a recording.
    func remove(_ selection: (OpenStore) throws(IndexFailure) -> BlockIndex.Selection) {
        guard let store = state.withLock({ $0.store }) else { return }
        do throws(IndexFailure) {
            try store.index.remove(try selection(store), store.files)
        } catch {
            note(error, store)
        }
    }
}
