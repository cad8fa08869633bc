public import FileTree
public import Logging
import Support

/// The part of a mount that is there before the kernel knows it: notices to the kernel, requests that wait, and the
/// counts of errors.
///
/// The tree and the status are made from it, and the session from the tree.
public final class KernelConnection: Sendable {
    let notices: KernelNotices
    let pending: PendingRequests
    let errors = ErrorCounts()

    /// Makes a connection for one session.
    ///
    /// - Throws: ``SystemError`` when the system has no thread left.
    public init(logger: Logger) throws {
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

    /// The state of the requests between the kernel and the tree.
    public var statistics: RequestStatistics {
        RequestStatistics(waiting: pending.count, errors: errors.byName)
    }
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
