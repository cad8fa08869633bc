public import FileTree
public import Logging
public import Metrics
import Support

/// The part of a mount that is there before the kernel knows it: notices to the kernel, requests that wait, and their
/// metrics.
///
/// The tree and the status are made from it, and the session from the tree.
public final class KernelConnection: Sendable {
    let notices: KernelNotices
    let pending: PendingRequests
    let metrics: RequestMetrics

    /// Makes a connection for one session.
    ///
    /// - Parameter metrics: makes what counts and measures requests.
    /// - Throws: ``SystemError`` when the system has no thread left.
    public init(metrics: any MetricsFactory, logger: Logger) throws {
        self.metrics = RequestMetrics(metrics)
        notices = try KernelNotices(logger: logger)
        pending = try PendingRequests()
    }

    /// Ends the threads of a connection without a mount.
    ///
    /// A session ends those of its connection in ``FileSystemSession/finish()``.
    public func shutDownUnlessMounted() {
        guard !notices.isAttached else { return }
        pending.shutDown()
        notices.shutDown()
    }

    /// The number of the kernel's requests that have no answer yet.
    public var waitingRequests: Int { pending.count }
}

extension KernelConnection: KernelCache {
    /// Has the kernel ask again for the attributes of inodes that have gone or changed; nothing, without a mount.
    ///
    /// Those that have gone are stale, and it looks their names up anew, in vain. It drops the pages of those whose
    /// content has changed, for the time differs.
    public func expire(_ inodes: [InodeNumber]) {
        notices.expire(inodes)
    }
}
