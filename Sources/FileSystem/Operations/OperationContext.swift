import CFUSE
import FileTree
import Logging

/// What the operations work with; libfuse hands it to each of them.
final class OperationContext: Sendable {
    let tree: FileTree
    let kernel: KernelConnection
    let failures: FailureLog

    init(tree: FileTree, kernel: KernelConnection, logger: Logger) {
        self.tree = tree
        self.kernel = kernel
        failures = FailureLog(tree: tree, metrics: kernel.metrics, logger: logger)
    }

    /// Runs an operation: makes the request an owned value, and keeps it in view if it isn't answered at once.
    ///
    /// Every callback of libfuse's goes through here. They are named functions and not closures, because a closure
    /// literal can be inferred to belong to the main actor and then crashes on libfuse's threads.
    ///
    /// - Parameters:
    ///   - inode: the node that the operation is about; 0 when it is about none.
    ///   - name: the name that is looked up in it.
    ///   - patience: how long the request may wait.
    static func run(
        _ handle: fuse_req_t?, _ operation: Operation, _ inode: fuse_ino_t, name: String? = nil,
        patience: Duration = PendingRequests.patience, _ body: (OperationContext, Request) -> Void
    ) {
        guard let handle, let userData = fuse_req_userdata(handle) else { return }
        // Valid: the session holds the context until its threads have ended.
        let context = Unmanaged<OperationContext>.fromOpaque(userData).takeUnretainedValue()
        let request = Request(handle, operation, inode.inode, name: name, failures: context.failures)
        body(context, request)
        if request.isPending { context.kernel.pending.add(request, patience: patience) }
    }
}

extension UInt64 {
    /// A number of the kernel's as the tree has it.
    var inode: InodeNumber { InodeNumber(rawValue: self) }
}
