import Support

/// The threads that keep catalogs up to date; all accounts of a mount share them.
public final class SyncWorkers: Sendable {
    /// Threads that parse pages and prepare resources.
    let readers: WorkerPool

    /// The thread that writes: SQLite takes one at a time for each catalog, and the disk is the same for all.
    let writer: WorkerPool

    /// The thread that copies from SQLite's journal to the file while more is written.
    let copier: WorkerPool

    /// The thread that checks large catalogs for damage.
    let checker: WorkerPool

    /// Whether the threads are being ended; long work asks for it.
    let isEnding = Locked(false)

    /// Looks for due tasks.
    let clock = SyncClock()

    /// Starts the threads.
    ///
    /// The one that writes has priority over the others, which would only run ahead of it.
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
