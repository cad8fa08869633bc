import Support
import Transfer
public import TwilioAPI

/// Getting files ready before they are asked for.
extension MediaLibrary {
    /// Files that are got ready at the most.
    private static let prefetchLimit = 64

    /// Bytes that are fetched of a file that isn't small.
    private static let prefetchSize = PendingRead.largest

    /// Begins opening a recording's media and fetching its first bytes, all of it if it is small, at the priority of
    /// read-ahead.
    ///
    /// - Parameters:
    ///   - facts: what is known of it from before; nil to learn it now.
    ///   - integrity: what was found out about this very media before; nil when nothing was.
    /// - Returns: whether there is room for it; if not, the same goes for others now.
    public func prefetch(_ resource: MediaResource, facts: MediaFacts?, integrity: Integrity? = nil) -> Bool {
        let size = facts.map { isHeldBack($0) ? $0.ciphertextSize : min($0.ciphertextSize, Self.prefetchSize) }
        let slotCount = Int((size ?? Self.prefetchSize) / Int64(Block.size)) + 1
        // Half of the memory is for those who read.
        let budget = services.memory.slotCount / 2
        enum Room {
            case taken
            case known
            case none
        }
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

    /// Lets go of what was begun ahead for recordings that nobody has opened since.
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

    /// Whether a file would be fetched whole before anything of it is released.
    private func isHeldBack(_ facts: MediaFacts) -> Bool {
        services.configuration.integrityMode != .deferred && facts.ciphertextSize <= services.configuration.strictLimit
    }
}
