import CFUSE
import FileTree
import Glibc
import Support

/// A request of the kernel's, which is answered exactly once, from any thread.
///
/// What comes first is the answer: the data, an error, the deadline, an interruption. What comes later finds the
/// request gone and does nothing, so whoever completes data needn't know whether anybody still waits for it.
final class Request: Sendable {
    private struct State: @unchecked Sendable {
        // Safe although unchecked: the pointer is only used by whoever took it out, or under the lock.

        /// libfuse's handle, valid until it is answered; nil from then on.
        var handle: fuse_req_t?

        /// Whether libfuse calls ``requestWasInterrupted`` with this object.
        var isWatched = false
    }

    private let state: Locked<State>

    /// The thread that waits, for looking at its signals; 0 when it lives in another namespace.
    let threadID: pid_t

    /// Whether the kernel has told that a signal is pending for the thread that waits.
    private let interrupted = Locked(false)

    /// What is asked for.
    let operation: Operation

    /// The node that is asked for, or asked about a name.
    let inode: InodeNumber

    /// The name that is looked up; nil for other operations.
    let name: String?

    private let failures: FailureLog

    /// When it came.
    private let start = RequestMetrics.now

    /// Takes a request over.
    ///
    /// - Parameter failures: is told how long it takes, and the error that it is answered with, if it is one.
    init(_ handle: fuse_req_t, _ operation: Operation, _ inode: InodeNumber, name: String?, failures: FailureLog) {
        self.operation = operation
        self.inode = inode
        self.name = name
        self.failures = failures
        threadID = fuse_req_ctx(handle).pointee.pid
        state = Locked(State(handle: handle))
    }

    /// Whether it hasn't been answered.
    var isPending: Bool { state.withLock { $0.handle != nil } }

    /// Whether the kernel has told that a signal is pending for the thread that waits.
    var isInterrupted: Bool { interrupted.withLock { $0 } }

    /// Has libfuse tell of interruptions from now on, if the request hasn't been answered.
    func watchInterruptions() {
        state.withLock { state in
            guard let handle = state.handle, !state.isWatched else { return }
            state.isWatched = true
            // Unretained: `answer` ends the watch before it lets go of the request, and the list of pending requests
            // holds it until then. The callback may come at once, under this lock: it takes no lock of this class but
            // its own.
            fuse_req_interrupt_func(handle, requestWasInterrupted, Unmanaged.passUnretained(self).toOpaque())
        }
    }

    fileprivate func noteInterruption() {
        interrupted.withLock { $0 = true }
    }

    /// Answers, if that hasn't been done.
    ///
    /// - Parameter reply: calls one of libfuse's reply functions, exactly once.
    /// - Returns: whether it was this answer that counted, and libfuse took it.
    @discardableResult
    func answer(_ reply: (fuse_req_t) -> Int32) -> Bool {
        let (handle, isWatched) = state.withLock { state -> (fuse_req_t?, Bool) in
            defer { state.handle = nil }
            return (state.handle, state.isWatched)
        }
        guard let handle else { return false }
        // Waits for a callback that is running: afterwards this object isn't used by libfuse any more.
        if isWatched { fuse_req_interrupt_func(handle, nil, nil) }
        defer { failures.metrics.answered(operation, since: start) }
        return reply(handle) == 0
    }

    /// Answers with an error.
    ///
    /// - Parameters:
    ///   - code: The reason.
    ///   - reason: The sentence that says why, for the log.
    ///   - cause: The error that says why, instead of a sentence.
    func fail(_ code: RequestErrorCode, _ reason: String = "", cause: (any Error)? = nil) {
        let error = ErrorAnswer(code)
        // While it waits, its program is there to be named.
        let program = isPending ? failures.program(threadID, toBeTold: error) : nil
        if answer({ fuse_reply_err($0, error.number.rawValue) }) {
            failures.note(error, of: self, by: program, reason: reason, cause: cause)
        }
    }

    /// Answers with an error of the tree.
    func fail(_ error: FileTreeError) {
        fail(.tree(error.code), cause: error)
    }

    /// Answers that it is done.
    func succeed() {
        answer { fuse_reply_err($0, 0) }
    }

    /// Answers with bytes.
    @discardableResult
    func reply(_ bytes: RawSpan) -> Bool {
        bytes.withUnsafeBytes { buffer in
            answer { fuse_reply_buf($0, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count) }
        }
    }
}

/// libfuse calls this when the kernel says that a signal is pending for the thread that waits.
///
/// It holds locks of its own meanwhile, so a request isn't answered here: whoever watches the deadlines does that.
private func requestWasInterrupted(_ handle: fuse_req_t?, _ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    // Valid: see watchInterruptions.
    Unmanaged<Request>.fromOpaque(context).takeUnretainedValue().noteInterruption()
}
