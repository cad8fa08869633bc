public import FileTree
public import Logging
public import Metrics
import Support

/// The part of a mount that exists before the kernel knows it: notices, waiting requests and their metrics.
///
/// The tree and the status need it, and the session needs the tree.
public final class KernelConnection: KernelCache, Sendable {
    let notices: KernelNotices
    let pending: PendingRequests
    /// Writes the log lines of ``FailureLog``.
    let failureWorker: WorkerPool
    let metrics: RequestMetrics

    /// Makes a connection for one session.
    ///
    /// - Throws: ``SystemError`` if the system has no thread left.
    public init(metrics: any MetricsFactory, logger: Logger) throws {
        self.metrics = RequestMetrics(metrics)
        notices = try KernelNotices(logger: logger)
        pending = try PendingRequests()
        failureWorker = try WorkerPool(name: "failures", threadCount: 1)
    }

    /// Ends the threads of a connection without a mount; ``FileSystemSession/finish()`` ends the others.
    public func shutDownUnlessMounted() {
        guard !notices.isAttached else { return }
        pending.shutDown()
        notices.shutDown()
        failureWorker.shutDown()
    }

    /// The number of the kernel's requests that have no answer yet.
    public var waitingRequests: Int { pending.count }

    /// Has the kernel, if there is a mount, ask again for the attributes of removed or changed inodes.
    ///
    /// Removed inodes are stale, and the kernel looks their names up again, without success. Changed inodes have
    /// another time, so the kernel drops their pages.
    public func expire(_ inodes: [InodeNumber]) { notices.expire(inodes) }
}
