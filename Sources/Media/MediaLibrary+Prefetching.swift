import Support
import Transfer
public import TwilioAPI

/// Prefetching of files.
extension MediaLibrary {
    /// The most files prefetched at a time.
    private static let prefetchLimit = 64

    /// The most bytes prefetched of a file that is not held back.
    private static let prefetchSize = PendingRead.largest

    /// Opens a recording's media and fetches its first bytes with read-ahead priority.
    ///
    /// If the content is held back, fetches and verifies all of it.
    ///
    /// - Parameters:
    ///   - facts: the known facts; nil to learn them.
    ///   - integrity: the known verdict on this media, if any.
    /// - Returns: whether the file is prefetched; false if there is no room for it.
    public func prefetch(_ resource: MediaResource, facts: MediaFacts?, integrity: Integrity? = nil) -> Bool {
        let size = facts.map { isHeldBack($0) ? $0.ciphertextSize : min($0.ciphertextSize, Self.prefetchSize) }
        let slotCount = Int((size ?? Self.prefetchSize) / Int64(Block.size)) + 1
        // Half of the memory is left to readers.
        let budget = services.memory.slotCount / 2
        enum Room { case taken, known, none }
        let room = state.withLock { state -> Room in
            if state.prefetched[resource.sid] != nil { return .known }
            guard state.prefetched.count < Self.prefetchLimit,
                state.prefetched.values.reduce(slotCount, +) <= budget
            else { return .none }
            state.prefetched[resource.sid] = slotCount
            return .taken
        }
        guard room == .taken else { return room == .known }
        if services.memory.freeCount < budget { services.reclaimMemory(budget, isUrgent: false) }
        let file = file(of: resource, facts: facts, integrity: integrity)
        file.open(isAhead: true) { [self] result in
            if case .success(let opened) = result {
                let range = 0..<min(Self.prefetchSize, opened.content.plaintextSize)
                file.reads.readAhead(range, of: opened.content)
            }
            settle(file)
        }
        return true
    }

    /// Cancels the prefetching of files that weren't opened since.
    public func abandonPrefetch(of sids: [SID]) {
        let files = state.withLock { state -> [MediaFile] in
            sids.compactMap { sid in
                guard state.prefetched.removeValue(forKey: sid) != nil, let file = state.files[sid], !file.hasReaders
                else { return nil }
                state.files[sid] = nil
                state.idle.removeAll { $0 == sid }
                return file
            }
        }
        for file in files { file.close() }
    }

    /// Whether room for the whole file is needed, since its content may be held back.
    private func isHeldBack(_ facts: MediaFacts) -> Bool {
        services.configuration.integrityMode != .deferred && facts.ciphertextSize <= services.configuration.strictLimit
    }
}
