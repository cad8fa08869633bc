/// An attempt to connect to an unreachable host that belongs to no transfer.
///
/// The transfers for which somebody waits give up after ``CircuitBreaker/probeTime``. The attempt goes on for as long
/// as connecting may take, so that a slow host is found to be reachable, too.
final class HostProbe: ExchangeHandler {
    private let ended: (Result<Void, TransferError>) -> Void
    private var hasEnded = false

    /// - Parameter ended: Called once, with whether there was a connection.
    init(ended: @escaping (Result<Void, TransferError>) -> Void) { self.ended = ended }

    func exchangeDidConnect() { end(.success(())) }

    func exchangeDidReceiveHead(_ head: ResponseHead) -> Bool { false }

    func exchangeDidReceive(_ bytes: RawSpan) -> Bool { false }

    func exchangeDidEnd(_ result: Result<Void, TransferError>) { end(result) }

    private func end(_ result: Result<Void, TransferError>) {
        guard !hasEnded else { return }
        hasEnded = true
        ended(result)
    }
}
