import Support

/// Decides a transfer's next step: redirects, retries, resuming, fresh addresses and credentials, deadlines.
///
/// It performs no I/O: its owner reports events with their time and carries out the returned actions in order, so every
/// path can be tested without a socket or a clock. It is hand-written, since libcurl retries nothing and no library
/// resumes a download at a fresh address under a deadline.
///
/// A transfer's last action is its only `end`; later events return no actions. At most one exchange is running. The
/// action `perform` starts it, and the event `exchangeEnded` or the action `abandon` ends it; afterwards, the owner
/// reports no events of this exchange. The delivered bytes are contiguous.
///
/// The clock stops while the computer sleeps, since the server isn't to blame for that time.
struct TransferStateMachine {
    typealias Instant = SuspendingClock.Instant

    /// The time after the end of patience for which a source is waited for: it tells why there is no address.
    static let graceOfSources = Duration.milliseconds(500)
    /// The largest number of bytes read of an undelivered body: they explain a refusal and keep the connection usable.
    static let keptBodyLimit = 64 << 10

    private(set) var plan: TransferPlan
    var state = TransferState.idle
    var startAddress: StartAddress
    /// The identifier that the last server gave the request; see ``ResponseHead/requestIdentifier``.
    var requestIdentifier: ForeignText?
    /// The refusal of an address with a credential, for which the source was asked for another one; the same address
    /// would be refused again.
    var unexplainedRefusal: TransferError?
    /// Whether the last connection was dead or broke, and none has served since.
    var lostConnection = false
    var progress: TransferProgress
    var retries: TransferRetries

    init(
        _ plan: TransferPlan, address: Address? = nil, now: Instant,
        random: any RandomNumberGenerator = SystemRandomNumberGenerator()
    ) {
        self.plan = plan
        startAddress = StartAddress(address, now: now)
        progress = TransferProgress(range: plan.range, entityTag: plan.expectedEntityTag)
        retries = TransferRetries(plan.patience, now: now, random: random)
    }

    /// The unreachable origin that the transfer waits for.
    var awaitedOrigin: Origin? {
        if case .awaitingHost(_, _, let outage) = state { outage.origin } else { nil }
    }

    /// The time at which to call `timeHasPassed`, unless another event comes first.
    var deadline: Instant? {
        switch state {
        case .idle, .ended: return nil
        case .awaitingAddress: return retries.giveUpAt.advanced(by: Self.graceOfSources)
        case .awaitingCredential: return retries.giveUpAt
        case .backingOff(let until): return min(until, retries.giveUpAt)
        case .awaitingHost(_, _, let outage): return min(outage.retryAt, retries.giveUpAt)
        case .exchanging(let attempt):
            return attempt.deadline(
                giveUpAt: retries.giveUpAt, isBackground: plan.priority == .background, isDownload: plan.isDownload)
        }
    }
}

extension TransferStateMachine {
    /// Starts the transfer.
    mutating func start(now: Instant) -> [TransferAction] {
        guard case .idle = state else { return [] }
        if let fault = plan.fault { return end(with: fault) }
        if let range = plan.range, range.isEmpty { return end(.success(())) }
        if plan.earlierFailures > 0 {
            let wait = retries.firstWait(afterFailures: plan.earlierFailures)
            state = .backingOff(until: now.advanced(by: wait))
            return []
        }
        return begin(now: now)
    }

    /// Makes an attempt: at the address that is known, or at one that the source is asked for.
    private mutating func begin(now: Instant) -> [TransferAction] {
        startAddress.mustBeObtained ? askForAddress() : attempt(now: now)
    }

    /// The source has returned an address or an error.
    mutating func addressArrived(_ result: Result<Address, any Error>, now: Instant) -> [TransferAction] {
        guard case .awaitingAddress = state else { return [] }
        let refusal = unexplainedRefusal.take()
        switch result {
        case .success(let address):
            if let refusal, address == startAddress.address { return failed(refusal, now: now) }
            startAddress.arrive(address, now: now)
            return attempt(now: now)
        case .failure(let cause):
            let error = TransferError(.addressUnavailable, "There is no address to download from.", cause: cause)
            // A source asks once for all who wait, so its patience may have ended before this transfer's.
            guard cause.endedWithItsPatience else { return end(with: error) }
            return failed(error, now: now)
        }
    }

    /// The exchange leaves the queue: asks for another address if this one is about to expire; nil if it serves.
    ///
    /// An address that has just arrived is used in any case: there is no fresher one.
    mutating func addressIsStale(now: Instant) -> [TransferAction]? {
        guard plan.isDownload, startAddress.isStale(now: now), let attempt = queued, attempt.redirects == 0,
            retries.mayReplaceUnused()
        else { return nil }
        excuseQueueing(of: attempt, now: now)
        return askForAddress()
    }

    /// The exchange leaves the queue, but there is no credential to send.
    mutating func credentialIsMissing(now: Instant) -> [TransferAction] {
        guard let attempt = queued else { return [] }
        excuseQueueing(of: attempt, now: now)
        guard retries.mayObtainCredential() else { return end(with: .noCredential(for: attempt.address)) }
        state = .awaitingCredential(attempt.address, redirects: attempt.redirects, refusal: nil)
        return [.askForCredential(attempt.address, refused: nil)]
    }

    /// The provider has a credential (true), has nothing newer than the refused one, or has failed.
    mutating func credentialArrived(_ result: Result<Bool, any Error>, now: Instant) -> [TransferAction] {
        guard case .awaitingCredential(let target, let redirects, let refusal) = state else { return [] }
        switch result {
        case .success(true): return perform(target, redirects: redirects, now: now)
        case .success(false): return failed(refusal ?? .noCredential(for: target), now: now)
        case .failure(let error): return failed(.noCredential(for: target, cause: error), now: now)
        }
    }

    /// The exchange, if it is queued.
    private var queued: TransferAttempt? {
        guard case .exchanging(let attempt) = state, attempt.queuedSince != nil else { return nil }
        return attempt
    }

    /// Excuses the time that background work has spent in the queue, where others go first.
    private mutating func excuseQueueing(of attempt: TransferAttempt, now: Instant) {
        guard plan.priority == .background, let since = attempt.queuedSince else { return }
        retries.excuse(since.duration(to: now))
    }

    /// The exchange has left the queue, with this authorization.
    mutating func exchangeStarted(_ authorization: Authorization? = nil, now: Instant) {
        guard var attempt = queued else { return }
        excuseQueueing(of: attempt, now: now)
        retries.noteUse()
        attempt.phase = .connecting
        attempt.authorization = authorization
        state = .exchanging(attempt)
    }

    /// The host is unreachable: the queued exchange isn't started, or the transfer still waits for the host.
    mutating func hostIsUnreachable(_ outage: Outage, now: Instant) -> [TransferAction] {
        let (target, redirects): (Address, Int)
        switch state {
        case .exchanging(let attempt):
            guard attempt.queuedSince != nil else { return [] }
            excuseQueueing(of: attempt, now: now)
            (target, redirects) = (attempt.address, attempt.redirects)
        case .awaitingHost(let address, let count, _):
            (target, redirects) = (address, count)
        case .idle, .awaitingAddress, .awaitingCredential, .backingOff, .ended:
            return []
        }
        let error = outage.error(now: now)
        let isWorthWaiting = outage.isProbed || outage.retryAt <= outage.since.advanced(by: plan.patience.outage)
        guard isWorthWaiting, outage.retryAt < retries.giveUpAt else { return end(with: error) }
        state = .awaitingHost(target, redirects: redirects, outage)
        return [.wait(now.duration(to: outage.retryAt), after: error)]
    }

    /// The queued exchange won't start before the end of a pause that its host asked for.
    ///
    /// The transfer fails at once if its patience ends earlier, even in the background, since a reader may wait for it.
    mutating func hostAsksForPause(_ origin: Origin, until pauseEnd: Instant, now: Instant) -> [TransferAction] {
        guard let since = queued?.queuedSince else { return [] }
        // The time in the queue doesn't count for background work.
        let patience =
            plan.priority == .background ? retries.giveUpAt.advanced(by: since.duration(to: now)) : retries.giveUpAt
        guard pauseEnd >= patience else { return [] }
        let seconds = now.duration(to: pauseEnd).wholeSeconds
        let error = TransferError(
            .deadlineExceeded, "\(origin) requested a pause, of which \(seconds) s are left.",
            cause: retries.lastFailure, response: retries.lastFailure?.response)
        return [.abandon] + end(with: error)
    }

    /// The host for which the transfer waits is reachable again.
    mutating func hostIsReachable(now: Instant) -> [TransferAction] {
        guard case .awaitingHost(let target, let redirects, _) = state else { return [] }
        return perform(target, redirects: redirects, now: now)
    }

    /// The exchange has its connection, new or reused.
    mutating func connected(now: Instant) {
        guard case .exchanging(var attempt) = state, case .connecting = attempt.phase else { return }
        attempt.phase = .awaitingHead
        attempt.stallsAt = now.advanced(by: plan.patience.stall)
        state = .exchanging(attempt)
    }

    /// The response has begun; `retryAfter` is its `Retry-After` field.
    mutating func headArrived(_ head: ResponseHead, retryAfter: Duration?, now: Instant) -> [TransferAction] {
        guard case .exchanging(var attempt) = state else { return [] }
        attempt.stallsAt = now.advanced(by: plan.patience.stall)
        requestIdentifier = head.requestIdentifier
        // A redirect may lead to another host, whose connections are as old.
        if !(300..<400).contains(head.status) { lostConnection = false }
        // The check is called once for each response, since the receiver may count responses.
        let reason = plan.refusal(of: head)
        let followsRedirects = plan.relocation == nil
        switch head.status {
        case 300..<400 where followsRedirects && [301, 302, 303, 307, 308].contains(head.status):
            if plan.redirects == .report { return accept(head, attempt, now: now) }
            return redirect(head, attempt, now: now)
        case 200..<300 where reason == nil && (!plan.isDownload || [200, 204, 206].contains(head.status)):
            return accept(head, attempt, now: now)
        case 416 where plan.isDownload && progress.isExactlyAtEnd(head):
            // The connection broke after the last byte of a body without announced length.
            return [.abandon] + end(.success(()))
        default:
            attempt.phase = .refusing(head, retryAfter: retryAfter, reason: reason)
            state = .exchanging(attempt)
            return []
        }
    }

    /// Bytes of the body have arrived.
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
            // The kept bytes suffice for the message.
            return BodyDecision(keep: kept, isEnough: Int64(count) >= room)
        case .receiving(let part):
            var decision = receive(count, part, attempt, now: now)
            if plan.findsFaultInWhole != nil { decision.keep = kept }
            return decision
        }
    }

    /// The exchange has ended.
    ///
    /// - Parameters:
    ///   - result: Whether the response was complete.
    ///   - keptBody: The bytes kept of the response.
    mutating func exchangeEnded(
        _ result: Result<Void, TransferError>, keptBody: [UInt8], now: Instant
    ) -> [TransferAction] {
        guard case .exchanging(let attempt) = state else { return [] }
        switch attempt.phase {
        case .redirecting(let target):
            // The rest of the response doesn't matter: the target is known.
            return perform(target, redirects: attempt.redirects + 1, now: now)
        case .refusing(let head, let retryAfter, let reason):
            return refused(attempt, head, body: keptBody, retryAfter: retryAfter, reason: reason, now: now)
        case .queued, .connecting, .awaitingHead:
            return failed(result.failure ?? .broken("without an answer"), now: now)
        case .receiving(let part):
            if let error = result.failure ?? plan.refusal(of: attempt.head, body: keptBody) {
                return failed(error, now: now)
            }
            return partEnded(part, attempt, now: now)
        }
    }

    /// A more urgent reader waits for the transfer now: its patience begins anew.
    mutating func raise(to priority: Priority, now: Instant) -> [TransferAction] {
        guard priority > plan.priority else { return [] }
        plan.priority = priority
        retries.renewPatience(now: now)
        // A source may have a request of its own under way, of the former priority.
        guard case .awaitingAddress = state else { return [] }
        return askForAddress()
    }

    /// The owner or the receiver cancels the transfer.
    mutating func cancel() -> [TransferAction] {
        switch state {
        case .ended: return []
        case .exchanging: return [.abandon] + end(with: .cancelled)
        case .idle, .awaitingAddress, .awaitingCredential, .backingOff, .awaitingHost: return end(with: .cancelled)
        }
    }

    /// Time has passed, perhaps up to the deadline; `keptBody` holds the bytes kept of a refusing response.
    mutating func timeHasPassed(now: Instant, keptBody: [UInt8] = []) -> [TransferAction] {
        guard let deadline, now >= deadline else { return [] }
        switch state {
        case .idle, .ended:
            return []
        case .awaitingAddress:
            return end(with: retries.gaveUp())
        case .awaitingCredential(let target, _, let refusal):
            return end(with: .noCredential(for: target, within: plan.patience.giveUp, cause: refusal))
        case .backingOff(let until):
            return now >= until && now < retries.giveUpAt ? begin(now: now) : end(with: retries.gaveUp())
        case .awaitingHost(let target, let redirects, let outage):
            guard now < retries.giveUpAt else { return end(with: outage.error(now: now)) }
            return perform(target, redirects: redirects, now: now)
        case .exchanging(let attempt):
            switch attempt.phase {
            case .redirecting(let target) where now < retries.giveUpAt:
                return [.abandon] + perform(target, redirects: attempt.redirects + 1, now: now)
            case .refusing(let head, let retryAfter, let reason):
                return [.abandon]
                    + refused(attempt, head, body: keptBody, retryAfter: retryAfter, reason: reason, now: now)
            case .receiving where now < attempt.stallsAt:
                return [.abandon] + end(with: retries.gaveUp(onAnswerOf: attempt.address))
            case .awaitingHead where now < retries.giveUpAt, .receiving:
                return [.abandon] + failed(.stalled(attempt.address, for: plan.patience.stall), now: now)
            case .queued, .connecting, .awaitingHead, .redirecting:
                return [.abandon] + end(with: retries.gaveUp())
            }
        }
    }
}

extension Result {
    var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
}
