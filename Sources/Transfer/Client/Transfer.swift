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
    private unowned let loop: TransferLoop

    init(
        _ identifier: UInt64, _ plan: TransferPlan, address: Address?, source: (any AddressSource)?,
        receiver: any DownloadReceiver, loop: TransferLoop
    ) {
        self.identifier = identifier
        priority = plan.priority
        self.source = source
        self.receiver = receiver
        self.loop = loop
        machine = TransferStateMachine(plan, address: address, now: SuspendingClock.now)
    }
}

extension Transfer: ExchangeHandler {
    func exchangeDidConnect() {
        machine.connected(now: SuspendingClock.now)
        loop.noteDeadline(of: self)
        loop.connected(self)
    }

    func exchangeDidReceiveHead(_ head: ResponseHead) -> Bool {
        loop.headArrived(head, for: self)
        return exchange != nil
    }

    func exchangeDidReceive(_ bytes: RawSpan) -> Bool {
        loop.received(byteCount: bytes.byteCount)
        let decision = machine.bodyArrived(count: bytes.byteCount, now: SuspendingClock.now)
        if !decision.deliver.isEmpty {
            receiver.downloadDidReceive(bytes.extracting(decision.deliver))
        }
        if decision.keep > 0 {
            bytes.extracting(first: decision.keep).withUnsafeBytes { keptBody.append(contentsOf: $0) }
        }
        if !decision.actions.isEmpty {
            loop.carryOut(decision.actions, for: self)
        }
        // Refusing to go on makes the engine report the end.
        return exchange != nil && !decision.isEnough
    }

    func exchangeDidEnd(_ result: Result<Void, TransferError>) {
        loop.exchangeEnded(result, for: self)
    }
}
