import CFUSE
import FileTree
import Glibc
import Support
import Synchronization

/// A request of the kernel; any thread may answer it, and only the first answer counts.
///
/// An answer is data, an error, the deadline or an interruption. Later answers do nothing, so the thread that has
/// the data needn't check whether the program still waits.
final class Request: Sendable {
    private struct State: @unchecked Sendable {
        // Safe although unchecked: the pointer is used only by the thread that took it out, or under the lock.

        /// libfuse's handle, valid until the answer; nil afterwards.
        var handle: fuse_req_t?
        /// Whether libfuse calls ``requestWasInterrupted`` with this object.
        var isWatched = false
    }

    private let state: Locked<State>
    /// The waiting thread, for checking its signals; 0 if it lives in another namespace.
    let threadID: pid_t
    /// Whether the kernel has reported a pending signal of the waiting thread.
    fileprivate let interrupted = Atomic(false)
    /// The requested operation.
    let operation: Operation
    /// The requested node, or the parent of the name.
    let inode: InodeNumber
    /// The name to look up; nil for other operations.
    let name: String?
    private let failures: FailureLog
    /// The time of its arrival.
    private let start = RequestMetrics.now

    /// Takes over a request.
    ///
    /// - Parameter failures: Records its duration and its error.
    init(_ handle: fuse_req_t, _ operation: Operation, _ inode: InodeNumber, name: String?, failures: FailureLog) {
        self.operation = operation
        self.inode = inode
        self.name = name
        self.failures = failures
        threadID = fuse_req_ctx(handle).pointee.pid
        state = Locked(State(handle: handle))
    }

    /// Whether it still waits for an answer.
    var isPending: Bool { state.withLock { $0.handle != nil } }

    /// Whether the kernel has reported a pending signal of the waiting thread.
    var isInterrupted: Bool { interrupted.load(ordering: .relaxed) }

    /// Makes libfuse report interruptions from now on, unless the request is answered.
    func watchInterruptions() {
        state.withLock { state in
            guard let handle = state.handle, !state.isWatched else { return }
            state.isWatched = true
            // Unretained: the list of pending requests retains this object until `answer` begins, and `answer` ends
            // the watch. libfuse may call the callback at once, under this lock; the callback takes no lock.
            fuse_req_interrupt_func(handle, requestWasInterrupted, Unmanaged.passUnretained(self).toOpaque())
        }
    }

    /// Answers, unless another answer came first.
    ///
    /// - Parameter reply: Calls one of libfuse's reply functions, exactly once.
    /// - Returns: Whether this answer was the first and libfuse accepted it.
    @discardableResult
    func answer(_ reply: (fuse_req_t) -> Int32) -> Bool {
        let (handle, isWatched) = state.withLock { state -> (fuse_req_t?, Bool) in
            defer { state.handle = nil }
            return (state.handle, state.isWatched)
        }
        guard let handle else { return false }
        // This call waits for a running callback. After it, libfuse doesn't use this object any more.
        if isWatched { fuse_req_interrupt_func(handle, nil, nil) }
        defer { failures.metrics.answered(operation, since: start) }
        return reply(handle) == 0
    }

    /// Answers with an error.
    ///
    /// - Parameters:
    ///   - reason: The reason as a sentence, for the log.
    ///   - cause: The reason as an error, instead of a sentence.
    func fail(_ code: RequestErrorCode, _ reason: String = "", cause: (any Error)? = nil) {
        let error = ErrorAnswer(code)
        // The program can be found only while it waits.
        let program = isPending ? failures.program(threadID, toBeTold: error) : nil
        if answer({ fuse_reply_err($0, error.number.rawValue) }) {
            let failed = FailedRequest(operation: operation, inode: inode, name: name, threadID: threadID)
            failures.note(error, of: failed, by: program, reason: reason, cause: cause)
        }
    }

    /// Answers with an error of the tree.
    func fail(_ error: FileTreeError) { fail(.tree(error.code), cause: error) }

    /// Answers the kernel's second attempt at a read with the error of the first, which was logged and counted.
    func fail(again error: FileTreeError) {
        let number = ErrorAnswer(.tree(error.code)).number
        answer { fuse_reply_err($0, number.rawValue) }
    }

    /// Answers with success.
    func succeed() { answer { fuse_reply_err($0, 0) } }

    /// Answers with an open file or directory, which the kernel's handle retains.
    func answer(opened object: some AnyObject, _ information: fuse_file_info) {
        var information = information
        let retained = Unmanaged.passRetained(object)
        information.fh = UInt64(UInt(bitPattern: retained.toOpaque()))
        if !answer({ fuse_reply_open($0, &information) }) { retained.release() }
    }

    /// Answers with bytes.
    func reply(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { buffer in
            _ = answer { fuse_reply_buf($0, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count) }
        }
    }
}

/// libfuse calls this when the kernel reports a pending signal of the waiting thread.
///
/// libfuse holds locks meanwhile, so the thread that watches the deadlines answers the request.
private func requestWasInterrupted(_ handle: fuse_req_t?, _ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    // The pointer is valid: see `watchInterruptions`.
    Unmanaged<Request>.fromOpaque(context).takeUnretainedValue().interrupted.store(true, ordering: .relaxed)
}
