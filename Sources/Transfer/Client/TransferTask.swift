/// A transfer under way, to cancel it with.
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
}
