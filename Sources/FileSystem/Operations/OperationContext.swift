import CFUSE
import FileTree
import Logging

/// What the operations work with; libfuse hands it to each of them.
final class OperationContext: Sendable {
    let tree: FileTree
    let pending: PendingRequests
    let errors = ErrorCounts()
    let logger: Logger

    init(tree: FileTree, pending: PendingRequests, logger: Logger) {
        self.tree = tree
        self.pending = pending
        self.logger = logger
    }

    /// Runs an operation: makes the request an owned value, and keeps it in view if it isn't answered at once.
    ///
    /// Every callback of libfuse's goes through here. They are named functions and not closures, because a closure
    /// literal can be inferred to belong to the main actor and then crashes on libfuse's threads.
    static func run(_ handle: fuse_req_t?, _ operation: (OperationContext, Request) -> Void) {
        guard let handle, let userData = fuse_req_userdata(handle) else { return }
        // Valid: the session holds the context until its threads have ended.
        let context = Unmanaged<OperationContext>.fromOpaque(userData).takeUnretainedValue()
        let request = Request(handle, errors: context.errors)
        operation(context, request)
        if request.isPending { context.pending.add(request) }
    }
}

extension UInt64 {
    /// A number of the kernel's as the tree has it.
    var inode: InodeNumber { InodeNumber(rawValue: self) }
}
