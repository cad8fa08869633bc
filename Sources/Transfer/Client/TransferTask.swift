/// A transfer under way, to cancel it with, or to go on after a pause.
///
/// It may be dropped: the transfer goes on.
public final class TransferTask: Sendable {
    private let identifier: UInt64
    private let mailbox: Mailbox

    init(_ identifier: UInt64, _ mailbox: Mailbox) {
        self.identifier = identifier
        self.mailbox = mailbox
    }

    /// Stops the transfer soon and closes its connection.
    ///
    /// From any thread, and quick. The receiver still gets its one end: `cancelled`, or what came before. Afterwards,
    /// and when called again, nothing happens.
    public func cancel() {
        mailbox.post(.cancel(identifier))
    }

    /// Lets bytes come again that the receiver has paused.
    ///
    /// From any thread, and quick; nothing happens when it isn't paused. To call it while the receiver is just deciding
    /// to pause is safe: the pause ends at once.
    public func resume() {
        mailbox.post(.resume(identifier))
    }
}
