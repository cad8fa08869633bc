/// Takes what happens to a transfer's exchange, on the transfer thread.
protocol TransferDelegate: AnyObject {
    /// The exchange has its connection.
    func didConnect(_ transfer: Transfer)

    /// Its answer has begun.
    func didReceive(_ head: ResponseHead, for transfer: Transfer)

    /// Bytes of a body have come.
    func didReceive(byteCount: Int)

    /// The exchange is over.
    func exchangeDidEnd(_ result: Result<Void, TransferError>, for transfer: Transfer)

    /// Does what the transfer's state machine has decided.
    func carryOut(_ actions: [TransferAction], for transfer: Transfer)
}

/// One download or request: its decisions, and the exchange that is under way for it.
///
/// On the transfer thread alone.
final class Transfer {
    let identifier: UInt64
    let priority: Priority
    let source: (any AddressSource)?
    let receiver: any DownloadReceiver
    var machine: TransferStateMachine
    /// What is to be performed when its turn has come.
    var queued: ExchangeRequest?
    var exchange: Exchange?
    /// Whether the receiver has paused the exchange.
    var isPaused = false
    /// When the attempt to connect began that has no result yet.
    var connecting: SuspendingClock.Instant?
    /// When the exchange that is under way was begun.
    var begun = SuspendingClock.now
    /// What the limiter learns when the exchange is over.
    var outcome = RequestLimiter.Outcome.unknown
    /// Where the exchange that waits or is under way, or was last, is addressed to.
    var target: Address?
    /// Which origin that is.
    var origin: Origin?
    /// The status of the answer, once it has begun.
    var status: Int?
    /// The start of the body of an answer that refuses, or may be refused.
    var keptBody: [UInt8] = []
    private unowned let delegate: any TransferDelegate

    init(
        _ identifier: UInt64, _ plan: TransferPlan, address: Address?, source: (any AddressSource)?,
        receiver: any DownloadReceiver, delegate: any TransferDelegate
    ) {
        self.identifier = identifier
        priority = plan.priority
        self.source = source
        self.receiver = receiver
        self.delegate = delegate
        machine = TransferStateMachine(plan, address: address, now: SuspendingClock.now)
    }
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

    func exchangeDidReceive(_ bytes: RawSpan) -> ExchangeStep {
        if machine.isReceiving, receiver.downloadWillReceive(byteCount: bytes.byteCount) == .pause {
            machine.paused(now: SuspendingClock.now)
            isPaused = true
            return .pause
        }
        delegate.didReceive(byteCount: bytes.byteCount)
        let decision = machine.bodyArrived(count: bytes.byteCount, now: SuspendingClock.now)
        if !decision.deliver.isEmpty {
            receiver.downloadDidReceive(bytes.extracting(decision.deliver))
        }
        if decision.keep > 0 {
            bytes.extracting(first: decision.keep).withUnsafeBytes { keptBody.append(contentsOf: $0) }
        }
        if !decision.actions.isEmpty {
            delegate.carryOut(decision.actions, for: self)
        }
        // Refusing to go on makes the engine report the end.
        return exchange != nil && !decision.isEnough ? .proceed : .stop
    }

    func exchangeDidEnd(_ result: Result<Void, TransferError>) {
        delegate.exchangeDidEnd(result, for: self)
    }
}
