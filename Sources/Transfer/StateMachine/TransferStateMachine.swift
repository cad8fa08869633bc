/// Decides what one transfer does next: redirects, repetitions, resuming, fresh addresses, deadlines.
///
/// It does nothing itself. Its owner tells it what happened and when, and carries out the actions it returns, in their
/// order. So every path through it can be tested without a socket or a clock. No library offers that: libcurl repeats
/// nothing by itself, and none resumes a download at a fresh address under a deadline.
///
/// Invariants: the last action of a transfer is its only `end`; after it, every event is answered with nothing. At most
/// one exchange is under way: `perform` begins it, and it is over when its owner reports `exchangeEnded`, or with
/// `abandon`, after which its owner reports nothing of it any more. The bytes handed on are contiguous.
///
/// The clock is the one that stops while the machine sleeps: a laptop's night isn't the server's fault.
struct TransferStateMachine {
    typealias Instant = SuspendingClock.Instant

    enum State {
        case idle
        case awaitingAddress
        case exchanging(TransferAttempt)
        case backingOff(until: Instant)
        /// Nothing is asked of the host that is next, but it is worth waiting for.
        case awaitingHost(Address, redirects: Int, Outage)
        case ended
    }

    static let maximalRedirects = 5
    /// The most that is read of a body that isn't handed on: it is only for the message, and for keeping the
    /// connection.
    static let keptBodyLimit = 64 << 10

    let plan: TransferPlan
    var state = State.idle
    /// Where each attempt starts.
    var address: Address?
    var progress: TransferProgress
    var retries: TransferRetries

    init(
        _ plan: TransferPlan, address: Address? = nil, now: Instant,
        random: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        self.plan = plan
        self.address = address
        progress = TransferProgress(range: plan.range, entityTag: plan.expectedEntityTag)
        retries = TransferRetries(plan.patience, now: now, random: random)
    }

    /// The origin whose end of outage is waited for.
    var awaitedOrigin: Origin? {
        if case .awaitingHost(_, _, let outage) = state { outage.origin } else { nil }
    }

    /// Whether the result has been told.
    var isEnded: Bool {
        if case .ended = state { true } else { false }
    }

    /// When `timeHasPassed` is to be called next, unless something else happens first.
    var deadline: Instant? {
        switch state {
        case .idle, .ended: return nil
        case .awaitingAddress: return retries.giveUpAt
        case .backingOff(let until): return min(until, retries.giveUpAt)
        case .awaitingHost(_, _, let outage): return min(outage.retryAt, retries.giveUpAt)
        case .exchanging(let attempt) where attempt.isPaused: return nil
        case .exchanging(let attempt):
            switch attempt.phase {
            // Others go first, as long as they need; its patience is for the server.
            case .queued where plan.priority == .background: return nil
            case .queued, .connecting: return retries.giveUpAt
            case .awaitingHead, .redirecting, .refusing: return min(attempt.stallsAt, retries.giveUpAt)
            // While enough bytes come, even such as were handed on before, the transfer isn't cut off.
            case .receiving: return attempt.stallsAt
            }
        }
    }
}

extension TransferStateMachine {
    /// Begins.
    mutating func start(now: Instant) -> [TransferAction] {
        guard case .idle = state else { return [] }
        if let fault = plan.fault { return end(.failure(fault)) }
        if let range = plan.range, range.isEmpty { return end(.success(())) }
        if plan.earlierFailures > 0 {
            let wait = retries.firstWait(afterFailures: plan.earlierFailures)
            state = .backingOff(until: now.advanced(by: wait))
            return []
        }
        return begin(now: now)
    }

    /// Makes the first attempt.
    private mutating func begin(now: Instant) -> [TransferAction] {
        guard address == nil else { return attempt(now: now) }
        state = .awaitingAddress
        return [.askForAddress(replacing: nil)]
    }

    /// The source has answered.
    mutating func addressArrived(_ result: Result<Address, any Error>, now: Instant) -> [TransferAction] {
        guard case .awaitingAddress = state else { return [] }
        switch result {
        case .success(let address):
            self.address = address
            return attempt(now: now)
        case .failure(let error):
            return end(
                .failure(
                    TransferError(
                        .addressUnavailable, "There is no address to download from.", cause: error)))
        }
    }

    /// The exchange has left the queue.
    mutating func exchangeStarted(now: Instant) {
        guard case .exchanging(var attempt) = state, case .queued(let since) = attempt.phase else { return }
        if plan.priority == .background { retries.excuse(since.duration(to: now)) }
        attempt.phase = .connecting
        state = .exchanging(attempt)
    }

    /// The exchange isn't started, or the one that is waited for hasn't helped: its host can't be reached.
    mutating func hostIsUnreachable(_ outage: Outage, now: Instant) -> [TransferAction] {
        let (target, redirects): (Address, Int)
        switch state {
        case .exchanging(let attempt):
            guard case .queued(let since) = attempt.phase else { return [] }
            if plan.priority == .background { retries.excuse(since.duration(to: now)) }
            (target, redirects) = (attempt.address, attempt.redirects)
        case .awaitingHost(let address, let count, _):
            (target, redirects) = (address, count)
        case .idle, .awaitingAddress, .backingOff, .ended:
            return []
        }
        let error = outage.error(now: now)
        let isWorthWaiting = outage.isProbed || outage.retryAt <= outage.since.advanced(by: plan.patience.outage)
        guard isWorthWaiting, outage.retryAt < retries.giveUpAt else { return end(.failure(error)) }
        state = .awaitingHost(target, redirects: redirects, outage)
        return [.wait(now.duration(to: outage.retryAt), after: error)]
    }

    /// The exchange in the queue won't start before a pause has ended that its host asks for.
    ///
    /// It fails at once if its patience ends before. So does background work: somebody may wait for what it brings.
    mutating func hostAsksForPause(_ origin: Origin, until pauseEnd: Instant, now: Instant) -> [TransferAction] {
        guard case .exchanging(let attempt) = state, case .queued(let since) = attempt.phase else { return [] }
        // The time in the queue doesn't count for background work.
        let patience =
            plan.priority == .background ? retries.giveUpAt.advanced(by: since.duration(to: now)) : retries.giveUpAt
        guard pauseEnd >= patience else { return [] }
        let seconds = now.duration(to: pauseEnd).wholeSeconds
        return [.abandon]
            + end(
                .failure(
                    TransferError(
                        .deadlineExceeded, "\(origin) requested a pause, of which \(seconds) s are left.",
                        cause: retries.lastFailure, response: retries.lastFailure?.response)))
    }

    /// The host that is waited for can be reached again.
    mutating func hostIsReachable(now: Instant) -> [TransferAction] {
        guard case .awaitingHost(let target, let redirects, _) = state else { return [] }
        return perform(target, redirects: redirects, now: now)
    }

    /// The exchange has its connection, new or used.
    mutating func connected(now: Instant) {
        guard case .exchanging(var attempt) = state, case .connecting = attempt.phase else { return }
        attempt.phase = .awaitingHead
        attempt.stallsAt = now.advanced(by: plan.patience.stall)
        state = .exchanging(attempt)
    }

    /// The answer has begun.
    ///
    /// - Parameters:
    ///   - head: Its beginning.
    ///   - retryAfter: What its `Retry-After` says.
    ///   - now: The time.
    mutating func headArrived(_ head: ResponseHead, retryAfter: Duration?, now: Instant) -> [TransferAction] {
        guard case .exchanging(var attempt) = state else { return [] }
        attempt.stallsAt = now.advanced(by: plan.patience.stall)
        // Asked once for each answer, since the receiver may count them.
        let reason = plan.refusal(of: head)
        switch head.status {
        case 301, 302, 303, 307, 308:
            if plan.redirects == .report { return accept(head, attempt, now: now) }
            return redirect(head, attempt, now: now)
        case 200..<300
        where (!plan.isDownload || [200, 204, 206].contains(head.status)) && reason == nil:
            return accept(head, attempt, now: now)
        case 416 where isExactlyAtEnd(head):
            // It broke off after the last byte, and only the end of a body without announced length was missing.
            return [.abandon] + end(.success(()))
        default:
            attempt.phase = .refusing(head, retryAfter: retryAfter, reason: reason)
            state = .exchanging(attempt)
            return []
        }
    }

    /// Bytes of the body have come.
    mutating func bodyArrived(count: Int, now: Instant) -> BodyDecision {
        guard case .exchanging(var attempt) = state else { return BodyDecision() }
        let room = Int64(Self.keptBodyLimit) - attempt.received
        let kept = Int(max(0, min(room, Int64(count))))
        attempt.noteBytes(count, now: now, stall: plan.patience.stall)
        state = .exchanging(attempt)
        switch attempt.phase {
        case .queued, .connecting, .awaitingHead:
            return BodyDecision()
        case .redirecting(let target):
            guard attempt.received > Self.keptBodyLimit else { return BodyDecision() }
            return BodyDecision(actions: [.abandon] + perform(target, redirects: attempt.redirects + 1, now: now))
        case .refusing:
            // The rest wouldn't tell more about what is wrong.
            return BodyDecision(keep: kept, isEnough: Int64(count) >= room)
        case .receiving(let part):
            var decision = receive(count, part, attempt, now: now)
            if plan.findsFaultInWhole != nil { decision.keep = kept }
            return decision
        }
    }

    /// Whether bytes that come are for the receiver.
    var isReceiving: Bool {
        if case .exchanging(let attempt) = state, case .receiving = attempt.phase { true } else { false }
    }

    /// The receiver takes no bytes until `resumed`, however long that takes.
    mutating func paused(now: Instant) {
        guard case .exchanging(var attempt) = state else { return }
        attempt.pause(now: now)
        state = .exchanging(attempt)
    }

    /// The receiver takes bytes again, or its exchange is over.
    mutating func resumed(now: Instant) {
        guard case .exchanging(var attempt) = state, attempt.isPaused else { return }
        retries.excuse(attempt.resume(now: now))
        state = .exchanging(attempt)
    }

    /// The exchange is over.
    ///
    /// - Parameters:
    ///   - result: Whether the answer came as it was announced.
    ///   - keptBody: The bytes kept of the answer.
    ///   - now: The time.
    mutating func exchangeEnded(_ result: Result<Void, TransferError>, keptBody: [UInt8], now: Instant)
        -> [TransferAction]
    {
        resumed(now: now)
        guard case .exchanging(let attempt) = state else { return [] }
        switch attempt.phase {
        case .redirecting(let target):
            // Where to go is known, however the rest of the answer ended.
            return perform(target, redirects: attempt.redirects + 1, now: now)
        case .refusing(let head, let retryAfter, let reason):
            return refused(head, body: keptBody, retryAfter: retryAfter, reason: reason, now: now)
        case .queued, .connecting, .awaitingHead:
            return failed(result.failure ?? broken("without an answer"), now: now)
        case .receiving(let part):
            if let error = result.failure ?? plan.refusal(of: attempt.head, body: keptBody) {
                return failed(error, now: now)
            }
            return partEnded(part, attempt, now: now)
        }
    }

    /// Its owner, or its receiver, wants no more of it.
    mutating func cancel() -> [TransferAction] {
        switch state {
        case .ended: return []
        case .exchanging: return [.abandon] + end(.failure(.cancelled))
        case .idle, .awaitingAddress, .backingOff, .awaitingHost: return end(.failure(.cancelled))
        }
    }

    /// Time has passed, perhaps as far as the deadline.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - keptBody: The bytes kept of a refusing answer.
    mutating func timeHasPassed(now: Instant, keptBody: [UInt8] = []) -> [TransferAction] {
        guard let deadline, now >= deadline else { return [] }
        switch state {
        case .idle, .ended:
            return []
        case .awaitingAddress:
            return end(.failure(retries.gaveUp()))
        case .backingOff(let until):
            return now >= until && now < retries.giveUpAt ? begin(now: now) : end(.failure(retries.gaveUp()))
        case .awaitingHost(let target, let redirects, let outage):
            guard now < retries.giveUpAt else { return end(.failure(outage.error(now: now))) }
            return perform(target, redirects: redirects, now: now)
        case .exchanging(let attempt):
            switch attempt.phase {
            case .redirecting(let target) where now < retries.giveUpAt:
                return [.abandon] + perform(target, redirects: attempt.redirects + 1, now: now)
            case .refusing(let head, let retryAfter, let reason):
                return [.abandon] + refused(head, body: keptBody, retryAfter: retryAfter, reason: reason, now: now)
            case .awaitingHead where now < retries.giveUpAt, .receiving:
                let stalled = TransferError(
                    .stalled,
                    "\(attempt.address) sent nothing, or next to nothing, for \(plan.patience.stall).")
                return [.abandon] + failed(stalled, now: now)
            case .queued, .connecting, .awaitingHead, .redirecting:
                return [.abandon] + end(.failure(retries.gaveUp()))
            }
        }
    }
}

extension Result {
    var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
