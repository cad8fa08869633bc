import CFUSE
import FileTree
import Logging
import Support

/// The context of the operations; libfuse passes it to each of them.
final class OperationContext: Sendable {
    let tree: FileTree
    let kernel: KernelConnection
    let failures: FailureLog
    /// For the kernel's second attempts.
    let failedReads = Locked(FailedReads())

    init(tree: FileTree, kernel: KernelConnection, logger: Logger) {
        self.tree = tree
        self.kernel = kernel
        failures = FailureLog(
            worker: kernel.failureWorker, metrics: kernel.metrics, logger: logger, locator: { tree.locator(of: $0) })
    }

    /// Runs an operation, and watches its request if it isn't answered at once.
    ///
    /// Every callback for a request calls this. The callbacks are named functions, since a closure literal can be
    /// inferred to belong to the main actor and then crashes on libfuse's threads.
    ///
    /// - Parameters:
    ///   - inode: The operation's node; 0 for none.
    ///   - name: The name to look up in it.
    ///   - patience: The longest wait of the request.
    ///   - body: The operation; an error that it throws is the answer.
    static func run(
        _ handle: fuse_req_t?, _ operation: Operation, _ inode: fuse_ino_t, name: String? = nil,
        patience: Duration = PendingRequests.patience,
        _ body: (OperationContext, Request) throws(FileTreeError) -> Void
    ) {
        guard let handle, let userData = fuse_req_userdata(handle) else { return }
        // Valid: the session holds the context until its threads have ended.
        let context = Unmanaged<OperationContext>.fromOpaque(userData).takeUnretainedValue()
        let request = Request(handle, operation, inode.inode, name: name, failures: context.failures)
        do throws(FileTreeError) { try body(context, request) } catch { request.fail(error) }
        if request.isPending { context.kernel.pending.add(request, patience: patience) }
    }
}

extension UInt64 {
    /// The kernel's number of a node, in the tree's type.
    var inode: InodeNumber { InodeNumber(rawValue: self) }
}
