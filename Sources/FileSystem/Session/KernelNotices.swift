import CFUSE
import FileTree
import Glibc
import Logging
import Threading

/// What the kernel is told without being asked: that attributes which it keeps aren't good any more.
///
/// A thread of its own does that. It must never wait in the kernel for anything that a request holds: if the process is
/// killed then, that thread stays, and with it the connection and everybody who waits for an answer, for ever. So the
/// kernel isn't asked to drop names, for which it takes a directory's lock, nor pages, which a read may hold: it asks
/// for the attributes again, and finds the node stale or the time of its content changed.
final class KernelNotices: Sendable {
    private let worker: WorkerPool
    private let session = Locked<SessionHandle?>(nil)
    private let logger: Logger

    init(logger: Logger) throws(ThreadingError) {
        self.logger = logger
        worker = try WorkerPool(name: "notices", threadCount: 1)
    }

    /// Sets the mount whose kernel side is told; nil when nothing is to be told any more.
    func attach(_ handle: SessionHandle?) {
        session.withLock { $0 = handle }
    }

    /// Has the kernel ask again for the attributes of inodes.
    func expire(_ inodes: [InodeNumber]) {
        worker.run { [self] in for inode in inodes { expire(inode) } }
    }

    /// Ends the thread.
    func shutDown() {
        worker.shutDown()
    }

    private func expire(_ inode: InodeNumber) {
        guard let handle = session.withLock({ $0 }) else { return }
        // With a negative offset, pages stay.
        let result = fuse_lowlevel_notify_inval_inode(handle.session, inode.rawValue, -1, 0)
        // The kernel may not know the inode, which is as good.
        if result != 0, result != -ENOENT {
            logger.warning(
                "the kernel keeps what it has of inode \(inode.rawValue): \(String(cString: strerror(-result)))")
        }
    }
}

/// libfuse's handle of a mount.
///
/// Its functions may be called from any thread; it lives until ``FileSystemSession/finish()``.
struct SessionHandle: @unchecked Sendable {
    let session: OpaquePointer
}
