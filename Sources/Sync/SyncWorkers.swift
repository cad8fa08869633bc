public import Catalog
import Support

/// The threads that keep catalogs up to date, shared by all accounts of a mount.
public final class SyncWorkers: Sendable {
    /// Parses pages and prepares resources.
    let readers: WorkerPool
    /// Writes to the catalogs, also for others.
    let writer: WriteQueue
    /// Copies SQLite's journal to the file during writing.
    let copier: WorkerPool
    /// Checks large catalogs for damage, and flushes the disk after a first fill.
    let checker: WorkerPool
    /// Whether the threads are ending; long tasks poll it.
    let isEnding = Locked(false)
    let clock = SyncClock()

    /// Starts the threads, with lower priorities than the writing thread, since they would only run ahead of it.
    ///
    /// - Parameter writer: the writing thread; to be shut down after these.
    /// - Throws: ``SystemError`` when the system can't start a thread.
    public init(writer: WriteQueue) throws {
        self.writer = writer
        readers = try WorkerPool(name: "pages", threadCount: 2, niceness: 10)
        copier = try WorkerPool(name: "checkpoint", threadCount: 1, niceness: 5)
        checker = try WorkerPool(name: "check", threadCount: 1, niceness: 15)
    }

    /// Ends the threads; to be called after the transfer client was shut down, so that nothing waits for pages.
    public func shutDown() {
        isEnding.withLock { $0 = true }
        clock.shutDown()
        checker.shutDown()
        readers.shutDown()
        writer.finish()
        // The copier ends last, since bulk writing waits for it.
        copier.shutDown()
    }
}
