/// A handle to cancel or resume a transfer; the transfer goes on without it.
public final class TransferTask: Sendable {
    private let identifier: UInt64
    private let mailbox: Mailbox

    init(_ identifier: UInt64, _ mailbox: Mailbox) {
        self.identifier = identifier
        self.mailbox = mailbox
    }

    /// Stops the transfer soon and closes its connection; quick, from any thread.
    ///
    /// The receiver still gets its one end: `cancelled` or an earlier result. Later calls do nothing.
    public func cancel() { mailbox.post(.cancel(identifier)) }

    /// Resumes a transfer that its receiver has paused; quick, from any thread.
    ///
    /// It does nothing without a pause. A call while the receiver decides to pause ends the pause at once.
    public func resume() { mailbox.post(.resume(identifier)) }
}
