import Glibc
import Logging
import Support

extension CacheCore {
    /// Stores a block, unless storing is paused or there is no room.
    func store(_ place: BlockPlace, from buffers: [UnsafeRawBufferPointer]) {
        let open = state.withLock { $0.pauses[.storing].isOver(at: .now) ? $0.store : nil }
        guard let store = open, store.mayStore,
            let header = BlockHeader(place, dataLength: buffers.reduce(0) { $0 + $1.count })
        else { return }
        // If the folder was removed, the new file would not be counted.
        guard store.isCurrent else {
            if lose(store, isDamaged: false) {
                logger.notice("the disk cache '\(folder)' was removed; it is recreated")
            }
            return
        }
        let bytes = Int64(header.length + buffers.reduce(0) { $0 + $1.count })
        if let free = store.files.freeBytes, free - bytes < minimumFree {
            // No pause: the next block checks again, which is cheap.
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
            // The file is closed before it can be evicted: the space of an open file is not freed.
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
            // The bytes stay counted until the upkeep, or after a kill another process's upkeep, cancels the
            // reservation.
            store.abandoned.withLock { $0.append(id) }
        }
    }

    /// Removes the selected blocks.
    func remove(_ selection: (OpenStore) throws(IndexFailure) -> BlockIndex.Selection) {
        guard let store = state.withLock({ $0.store }) else { return }
        do throws(IndexFailure) {
            try store.index.remove(try selection(store), store.files)
        } catch {
            note(error, store)
        }
    }
}
