/// Receives the events of a transfer's exchange on the transfer thread.
protocol TransferDelegate: AnyObject {
    /// The exchange has its connection.
    func didConnect(_ transfer: Transfer)
    /// The response has begun.
    func didReceive(_ head: ResponseHead, for transfer: Transfer)
    /// Bytes of a body have arrived.
    func didReceive(byteCount: Int)
    /// The exchange has ended.
    func exchangeDidEnd(_ result: Result<Void, TransferError>, for transfer: Transfer)
    /// Carries out the actions of the transfer's state machine.
    func carryOut(_ actions: [TransferAction], for transfer: Transfer)
}

/// One download or request: its state machine and its current exchange; used by the transfer thread only.
final class Transfer {
    let identifier: UInt64
    let source: (any AddressSource)?
    let receiver: any DownloadReceiver
    var machine: TransferStateMachine
    /// The exchange waiting in the queue.
    var queued: ExchangeRequest?
    /// The exchange that has left the queue and is being authorized, with the number of the order for that.
    var authorizing: (request: ExchangeRequest, order: UInt64)?
    var exchange: Exchange?
    /// The start of an unfinished attempt to connect.
    var connecting: SuspendingClock.Instant?
    /// The start of the running exchange.
    var begun = SuspendingClock.now
    /// The outcome that the limiter learns at the end of the exchange.
    var outcome = RequestLimiter.Outcome.unknown
    /// The address of the queued, running or last exchange.
    var target: Address?
    /// The origin of `target`.
    var origin: Origin?
    /// The status of the response, once it has begun.
    var status: Int?
    /// The start of the body of a response that is, or may be, refused.
    var keptBody: [UInt8] = []
    private unowned let delegate: any TransferDelegate

    /// The place of its exchanges in the queue.
    private(set) var turn: Turn

    var priority: Priority { machine.plan.priority }

    init(
        _ identifier: UInt64, _ plan: TransferPlan, address: Address?, source: (any AddressSource)?,
        receiver: any DownloadReceiver, delegate: any TransferDelegate
    ) {
        self.identifier = identifier
        turn = Turn(isDownload: plan.isDownload, number: identifier)
        self.source = source
        self.receiver = receiver
        self.delegate = delegate
        machine = TransferStateMachine(plan, address: address, now: SuspendingClock.now)
    }

    /// Takes the turn of a transfer that begins now: whoever waits for this one has just begun.
    func takeTurn(after latest: UInt64) { turn.number = latest }
}

extension Transfer: ExchangeHandler {
    func exchangeDidConnect() {
        machine.connected(now: SuspendingClock.now)
        delegate.didConnect(self)
    }

    func exchangeDidReceiveHead(_ head: ResponseHead) -> Bool {
        delegate.didReceive(head, for: self)
        return exchange != nil
    }

    func exchangeDidReceive(_ bytes: RawSpan) -> Bool {
        delegate.didReceive(byteCount: bytes.byteCount)
        let decision = machine.bodyArrived(count: bytes.byteCount, now: SuspendingClock.now)
        if !decision.deliver.isEmpty { receiver.downloadDidReceive(bytes.extracting(decision.deliver)) }
        if decision.keep > 0 {
            bytes.extracting(first: decision.keep).withUnsafeBytes { keptBody.append(contentsOf: $0) }
        }
        if !decision.actions.isEmpty { delegate.carryOut(decision.actions, for: self) }
        // The engine reports the end.
        return exchange != nil && !decision.isEnough
    }

    func exchangeDidEnd(_ result: Result<Void, TransferError>) {
        delegate.exchangeDidEnd(result, for: self)
    }
}
