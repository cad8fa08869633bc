import Support

/// The threads by which catalogs are kept up to date: the accounts of a mount share them, however many there are.
public final class SyncWorkers: Sendable {
    /// Threads that read pages and bring resources into the form in which they are stored.
    let readers: WorkerPool

    /// The thread that writes: SQLite takes one at a time for each catalog, and the disk is the same for all.
    let writer: WorkerPool

    /// The thread that copies what was written from SQLite's journal to the file, while the next is written.
    let copier: WorkerPool

    /// The thread that looks through large catalogs for damage.
    let checker: WorkerPool

    /// Whether the threads are being ended, for work that takes long.
    let isEnding = Locked(false)

    /// Looks when something is due.
    let clock = SyncClock()

    /// Starts the threads.
    ///
    /// The one that writes goes before the others, which can be ahead of it.
    ///
    /// - Throws: ``SystemError`` when the system has no thread left.
    public init() throws {
        readers = try WorkerPool(name: "pages", threadCount: 2, niceness: 10)
        writer = try WorkerPool(name: "catalog", threadCount: 1)
        copier = try WorkerPool(name: "checkpoint", threadCount: 1, niceness: 5)
        checker = try WorkerPool(name: "check", threadCount: 1, niceness: 15)
    }

    /// Ends the threads.
    ///
    /// The transfer client is to be shut down before, so that nothing waits for a page any more.
    public func shutDown() {
        isEnding.withLock { $0 = true }
        clock.shutDown()
        checker.shutDown()
        readers.shutDown()
        writer.shutDown()
        // Last: the writer waits for it.
        copier.shutDown()
    }
}
