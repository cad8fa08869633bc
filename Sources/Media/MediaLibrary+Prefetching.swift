import Envelope
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
        let slotCount = Self.slotCount(facts.map { prefetchedSize(of: resource, $0, integrity) } ?? Self.prefetchSize)
        // Half of the memory is left to readers.
        let budget = services.memory.slotCount / 2
        // A file that never has room is left to its reader; there may be room for others.
        guard slotCount <= budget else { return true }
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
            if case .success(let opened) = result, keepRoom(for: opened.content, of: file.sid, budget: budget) {
                let range = 0..<min(Self.prefetchSize, opened.content.plaintextSize)
                file.reads.readAhead(range, of: opened.content)
            } else {
                state.withLock { $0.prefetched[file.sid] = nil }
            }
            settle(file)
        }
        return true
    }

    /// Reserves what the opened content takes, instead of what was known before; false if there is never room for it.
    private func keepRoom(for content: MediaContent, of sid: SID, budget: Int) -> Bool {
        let size = content.isHeldBack ? content.contentSize : min(content.contentSize, Self.prefetchSize)
        let slotCount = Self.slotCount(size)
        guard slotCount <= budget else { return false }
        // Somebody may have opened it meanwhile.
        state.withLock { if $0.prefetched[sid] != nil { $0.prefetched[sid] = slotCount } }
        return true
    }

    /// Cancels the prefetching of files that weren't opened since.
    public func abandonPrefetch(of sids: [SID]) {
        let files = state.withLock { state -> [MediaFile] in
            sids.compactMap { sid in
                guard state.prefetched.removeValue(forKey: sid) != nil, let file = state.files[sid], !file.hasReaders
                else { return nil }
                state.remove(file)
                return file
            }
        }
        for file in files { file.close() }
    }

    /// The slots for bytes from the beginning of a file.
    private static func slotCount(_ size: Int64) -> Int { Int(size / Int64(Block.size)) + 1 }

    /// The bytes that prefetching a file fetches: all if no byte is released before all are verified.
    private func prefetchedSize(of resource: MediaResource, _ facts: MediaFacts, _ integrity: Integrity?) -> Int64 {
        let metadata = try? MediaFacts.envelope(of: resource, fields: facts.envelopeFields)
        let isHeldBack =
            metadata?.cipher.isAuthenticated == true
            && IntegrityGate<PendingRead>(earlier: integrity).isStrict(
                size: facts.ciphertextSize, mode: services.configuration.integrityMode,
                limit: services.configuration.strictLimit)
        return isHeldBack ? facts.ciphertextSize : min(facts.ciphertextSize, Self.prefetchSize)
    }
}
