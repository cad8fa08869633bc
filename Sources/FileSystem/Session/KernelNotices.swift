import CFUSE
import FileTree
import Glibc
import Logging
import Threading

/// What the kernel is told without being asked: that attributes or pages which it keeps aren't good any more.
///
/// A thread of its own does that. It must never wait in the kernel for anything that a request holds: if the process is
/// killed then, that thread stays, and with it the connection and everybody who waits for an answer, for ever.
final class KernelNotices: Sendable {
    private let worker: WorkerPool
    private let session = Locked<SessionHandle?>(nil)
    private let gate = Locked(PageGate())
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
        // With a negative offset, pages stay.
        worker.run { [self] in for inode in inodes { invalidate(inode, from: -1) } }
    }

    /// Has the kernel drop attributes and pages of a file: the latter when no read of it waits.
    func drop(_ inode: InodeNumber) {
        expire([inode])
        if gate.withLock({ $0.drop(inode) }) { dropPages(of: inode) }
    }

    /// A read of a file has begun.
    func readDidBegin(_ inode: InodeNumber) {
        gate.withLock { $0.begin(inode) }
    }

    /// A read of a file was answered.
    func readDidEnd(_ inode: InodeNumber) {
        if gate.withLock({ $0.end(inode) }) { dropPages(of: inode) }
    }

    /// Ends the thread.
    func shutDown() {
        worker.shutDown()
    }

    private func dropPages(of inode: InodeNumber) {
        worker.run { [self] in invalidate(inode, from: 0) }
    }

    private func invalidate(_ inode: InodeNumber, from offset: off_t) {
        guard let handle = session.withLock({ $0 }) else { return }
        let result = fuse_lowlevel_notify_inval_inode(handle.session, inode.rawValue, offset, 0)
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
