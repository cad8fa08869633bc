import Support

/// Creates the index of groups (``GroupIndex``) in each database that lacks it.
///
/// It takes a second for a million recordings, and waits for other writers. So the writing thread creates it.
final class GroupIndexing: Sendable {
    private let storage: CatalogStorage
    /// The epoch whose database is known to have the index; nil for none.
    private let indexedEpoch = Locked<Int?>(nil)
    /// The writing thread; nil to create the index on the thread of the query.
    private let writer = Locked<WriteQueue?>(nil)
    /// Whether the writing thread has the order to create the index.
    private let isRequested = Locked(false)

    init(in storage: CatalogStorage) { self.storage = storage }

    /// Has the writing thread create the index from now on.
    func use(_ writer: WriteQueue) { self.writer.withLock { $0 = writer } }

    /// Creates the index if the database lacks it.
    func make() throws(CatalogError) {
        guard try !isThere() else { return }
        try storage.write { try GroupIndex.create(in: $0.database) }
    }

    /// Has the index created if the database lacks it; doesn't wait for the writing thread.
    func want() throws(CatalogError) {
        guard let writer = writer.withLock({ $0 }) else { return try make() }
        guard try !isThere() else { return }
        let isFirst = isRequested.withLock { isRequested in
            defer { isRequested = true }
            return !isRequested
        }
        guard isFirst else { return }
        writer.run(.urgent) { [self] in
            isRequested.withLock { $0 = false }
            // A failure is reported to the next caller of `whenMade`.
            try? make()
        }
    }

    /// Calls a function once the database has the index, or with the reason why it can't be created.
    func whenMade(_ completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void) {
        do throws(CatalogError) {
            guard let writer = writer.withLock({ $0 }), try !isThere() else { return completion(.success(())) }
            let isAccepted = writer.run(.urgent) { [self] in
                completion(Result { () throws(CatalogError) in try make() })
            }
            // The mount ends.
            if !isAccepted { completion(.success(())) }
        } catch {
            completion(.failure(error))
        }
    }

    /// Whether the database has the index; the answer is remembered for each database.
    private func isThere() throws(CatalogError) -> Bool {
        // Read the epoch first: if the database is replaced meanwhile, the next call asks the new one.
        let epoch = storage.epoch
        if indexedEpoch.withLock({ $0 }) == epoch { return true }
        guard try storage.read({ try EntryIndex.group.isThere(in: $0) }) else { return false }
        indexedEpoch.withLock { $0 = epoch }
        return true
    }
}
