import CFUSE
import FileTree
import Glibc
import Logging
import Support

/// Notices to the kernel that its cached attributes are out of date.
///
/// Their own thread sends them. It must never wait in the kernel for a lock that a request holds: such a thread
/// outlives a killed process, keeps the connection open, and makes programs hang. A notice about names takes the
/// directory's lock, and one about pages waits for reads. A notice about attributes takes no such lock: the kernel asks
/// for them again, and finds the node stale or its time changed.
final class KernelNotices: Sendable {
    private let worker: WorkerPool
    /// The mount; set late, since libfuse's session needs the tree, and the tree needs these notices.
    private let session = Locked<SessionHandle?>(nil)
    private let logger: Logger

    init(logger: Logger) throws(SystemError) {
        self.logger = logger
        worker = try WorkerPool(name: "notices", threadCount: 1)
    }

    /// Sets the mount for the notices; nil to send none any more.
    func attach(_ handle: SessionHandle?) { session.withLock { $0 = handle } }

    /// Whether there is a mount for the notices.
    var isAttached: Bool { session.withLock { $0 != nil } }

    /// Has the kernel ask again for the attributes of inodes.
    func expire(_ inodes: [InodeNumber]) { worker.run { [self] in for inode in inodes { expire(inode) } } }

    /// Ends the thread.
    func shutDown() { worker.shutDown() }

    private func expire(_ inode: InodeNumber) {
        guard let handle = session.withLock({ $0 }) else { return }
        // With a negative offset, pages stay.
        let result = fuse_lowlevel_notify_inval_inode(handle.session, inode.rawValue, -1, 0)
        // The kernel may have forgotten the inode, which is fine.
        if result != 0, result != -ENOENT {
            logger.warning(
                "inode \(inode.rawValue): the kernel did not drop its attributes: \(SystemErrorCode(rawValue: -result))"
            )
        }
    }
}

/// libfuse's handle of a mount, valid until ``FileSystemSession/finish()``; its functions are thread-safe.
struct SessionHandle: @unchecked Sendable {
    let session: OpaquePointer
}
