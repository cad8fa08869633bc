public import Catalog
import Support

/// The threads that keep catalogs up to date; all accounts of a mount share them.
public final class SyncWorkers: Sendable {
    /// Threads that parse pages and prepare resources.
    let readers: WorkerPool

    /// The thread that writes, which others use too.
    let writer: WriteQueue

    /// The thread that copies from SQLite's journal to the file while more is written.
    let copier: WorkerPool

    /// The thread that checks large catalogs for damage, and waits for the disk after a first fill.
    let checker: WorkerPool

    /// Whether the threads are being ended; long work asks for it.
    let isEnding = Locked(false)

    /// Looks for due tasks.
    let clock = SyncClock()

    /// Starts the threads.
    ///
    /// The one that writes has priority over them: they would only run ahead of it.
    ///
    /// - Parameter writer: the thread that writes; to be shut down after these.
    /// - Throws: ``SystemError`` when the system has no thread left.
    public init(writer: WriteQueue) throws {
        self.writer = writer
        readers = try WorkerPool(name: "pages", threadCount: 2, niceness: 10)
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
        writer.finish()
        // Last: bulk writing waits for it.
        copier.shutDown()
    }
}
