/// A handle to cancel or hasten a transfer; the transfer goes on without it.
public final class TransferTask: Sendable {
    private let post: @Sendable (Order) -> Void

    /// What a handle asks for.
    enum Order: Hashable { case cancel, raise(Priority) }

    init(_ identifier: UInt64, _ mailbox: Mailbox) {
        post = { order in
            switch order {
            case .cancel: mailbox.post(.cancel(identifier))
            case .raise(let priority): mailbox.post(.raise(identifier, priority))
            }
        }
    }

    /// Makes a handle that calls a function; for a ``Downloader`` without a mailbox.
    init(post: @escaping @Sendable (Order) -> Void) { self.post = post }

    /// Stops the transfer soon and closes its connection; quick, from any thread.
    ///
    /// The receiver still gets its one end: `cancelled` or an earlier result. Later calls do nothing.
    public func cancel() { post(.cancel) }

    /// Raises the transfer's priority and renews its patience, as for a reader who begins to wait for it.
    ///
    /// Quick, from any thread. It does nothing if the priority is as high already.
    public func raise(to priority: Priority) { post(.raise(priority)) }
}
