// The decisions of `TransferStateMachine` on its events; only its other file uses them.

import Support

extension TransferStateMachine {
    mutating func end(_ result: Result<Void, TransferError>) -> [TransferAction] {
        state = .ended
        return [.end(result)]
    }

    mutating func end(with error: TransferError) -> [TransferAction] {
        end(.failure(error.identified(by: requestIdentifier)))
    }

    /// Starts an attempt at the first address.
    mutating func attempt(now: Instant) -> [TransferAction] {
        guard let address = startAddress.address else { return end(with: .cancelled) }
        if !plan.isDownload { progress = TransferProgress(range: plan.range) }
        return perform(address, redirects: 0, now: now)
    }

    mutating func perform(_ target: Address, redirects: Int, now: Instant) -> [TransferAction] {
        let origin: Origin
        do throws(AddressError) {
            origin = try Origin(of: target.url)
        } catch {
            return end(with: TransferError(error))
        }
        let condition = progress.condition
        let headers = condition.map { [("If-Match", $0)] } ?? []
        requestIdentifier = nil
        state = .exchanging(
            TransferAttempt(
                address: target, redirects: redirects, isConditional: condition != nil, phase: .queued(since: now),
                stallsAt: now.advanced(by: plan.patience.stall)))
        return [
            .perform(
                ExchangeRequest(
                    method: plan.method, address: target, headers: headers, body: plan.body, range: progress.wanted,
                    connectTimeout: plan.patience.connect, lane: Lane(origin: origin, isMedia: plan.isDownload),
                    needsNewConnection: lostConnection))
        ]
    }

    mutating func redirect(_ head: ResponseHead, _ attempt: TransferAttempt, now: Instant) -> [TransferAction] {
        var attempt = attempt
        guard plan.isRead else {
            // The body may be meant for the first address only, and the request may have been processed already.
            attempt.phase = .refusing(head, retryAfter: nil, reason: nil)
            state = .exchanging(attempt)
            return []
        }
        do throws(TransferError) {
            attempt.phase = .redirecting(to: try attempt.target(of: head, now: now))
            state = .exchanging(attempt)
            return []
        } catch {
            return [.abandon] + failed(error, now: now)
        }
    }

    mutating func accept(_ head: ResponseHead, _ attempt: TransferAttempt, now: Instant) -> [TransferAction] {
        var attempt = attempt
        // The progress is copied, since the next response must not be compared with a rejected one.
        var progress = progress
        do throws(TransferError) {
            let part = try progress.accept(head, of: plan)
            if let announced = part.announcedEnd, !plan.isDownload,
                announced - (progress.position ?? 0) > plan.bodyLimit
            {
                return [.abandon] + end(with: .tooLarge(attempt.address, limit: plan.bodyLimit))
            }
            attempt.phase = .receiving(part)
            attempt.head = head
            state = .exchanging(attempt)
        } catch {
            return [.abandon] + failed(error, now: now)
        }
        self.progress = progress
        return [.begin(head, offset: progress.position ?? 0)]
    }

    mutating func receive(
        _ count: Int, _ part: TransferProgress.Part, _ attempt: TransferAttempt, now: Instant
    ) -> BodyDecision {
        var attempt = attempt
        var part = part
        let fresh: Range<Int>
        do throws(TransferError) {
            fresh = try progress.take(count, of: &part, limit: plan.bodyLimit, from: attempt.address)
        } catch {
            return BodyDecision(actions: [.abandon] + failed(error, now: now))
        }
        attempt.phase = .receiving(part)
        state = .exchanging(attempt)
        guard !fresh.isEmpty else { return BodyDecision() }
        let worth = plan.isDownload ? Patience.timePerByte : Patience.timePerCollectedByte
        retries.noteProgress(progress.delivered, worth: worth, now: now)
        if plan.isDownload { retries.reset() }
        let isDone = progress.position == part.stop
        return BodyDecision(deliver: fresh, actions: isDone ? [.abandon] + end(.success(())) : [])
    }

    mutating func partEnded(
        _ part: TransferProgress.Part, _ attempt: TransferAttempt, now: Instant
    ) -> [TransferAction] {
        let position = progress.position ?? 0
        guard plan.method != .head else { return end(.success(())) }
        if part.skip > 0 { return end(with: progress.changed("it is shorter than the part received so far")) }
        if let announced = part.announcedEnd, position < announced {
            return failed(.broken("after \(position) of \(announced) bytes"), now: now)
        }
        guard plan.isDownload, progress.end != nil, !progress.isComplete else { return end(.success(())) }
        // The server may return less than requested, but has to return at least a byte in each part. A body without
        // announced length that ended early is broken.
        guard part.announcedEnd != nil, attempt.received > 0 else {
            return failed(.broken("at byte \(position), too early"), now: now)
        }
        return self.attempt(now: now)
    }

    mutating func refused(
        _ attempt: TransferAttempt, _ head: ResponseHead, body: [UInt8], retryAfter: Duration?, reason: TransferError?,
        now: Instant
    ) -> [TransferAction] {
        if let reason { return failed(reason, retryAfter: retryAfter, now: now) }
        let response = Response(head: head, body: body)
        let error = attempt.refusal(response)
        if let authorization = attempt.refusedAuthorization(by: response), retries.mayRenewCredential(after: error) {
            // The server has refused the request without processing it, so any method may be repeated.
            state = .awaitingCredential(attempt.address, redirects: attempt.redirects, refusal: error)
            return [.askForCredential(attempt.address, refused: authorization)]
        }
        if plan.isDownload, let meaning = progress.refusal(response, isConditional: attempt.isConditional) {
            return failed(meaning, now: now)
        }
        if let relocation = plan.relocation {
            guard let place = relocation(response), retries.mayRefresh(after: error) else {
                return failed(error, retryAfter: retryAfter, now: now)
            }
            startAddress.move(to: place)
            return self.attempt(now: now)
        }
        if plan.isDownload, response.mayMeanExpiry {
            if response.meansExpiry || attempt.address.isStale(now: now) { return addressExpired(error, now: now) }
            if retries.mayRefresh(after: error) {
                // After a redirect the address may lead elsewhere the next time. Without a credential it is presigned:
                // another one may be equal, since a signature tells the second, and still be worth an attempt.
                if attempt.redirects == 0, attempt.address.credentials != nil { unexplainedRefusal = error }
                return askForAddress()
            }
        }
        return failed(error, retryAfter: retryAfter, now: now)
    }

    /// Asks for another address, as often as addresses expire until the end of patience.
    private mutating func addressExpired(_ error: TransferError, now: Instant) -> [TransferAction] {
        if retries.mayReplaceExpired(after: error) { return askForAddress() }
        var expired = error
        expired.details.isTransient = true
        startAddress.refuse()
        // The wait comes first, so that the address is fresh when it is used.
        return failed(expired, now: now)
    }

    /// Asks the source for an address; for another one if there is one.
    mutating func askForAddress() -> [TransferAction] {
        state = .awaitingAddress
        return [.askForAddress(replacing: startAddress.address)]
    }

    mutating func failed(_ error: TransferError, retryAfter: Duration? = nil, now: Instant) -> [TransferAction] {
        // Once all wanted bytes have arrived, a failure doesn't matter.
        if plan.isDownload, progress.delivered > 0, progress.isComplete { return end(.success(())) }
        let error = error.identified(by: requestIdentifier)
        guard plan.isRepeatable(error) else { return end(with: error) }
        if error.code == .stalled || error.code == .connectionLost { lostConnection = true }
        do throws(TransferError) {
            let wait = try retries.wait(after: error, retryAfter: retryAfter, now: now)
            state = .backingOff(until: now.advanced(by: wait))
            return [.wait(wait, after: error)]
        } catch {
            return end(with: error)
        }
    }
}

extension TransferError {
    /// The error of an answer that ended too early.
    static func broken(_ when: String) -> TransferError {
        TransferError(.connectionLost, "The answer broke off \(when).")
    }

    /// The error of a connection without bytes.
    static func stalled(_ address: Address, for time: Duration) -> TransferError {
        TransferError(.stalled, "\(address) sent nothing, or next to nothing, for \(time).")
    }

    /// The error of a body beyond the request's limit in bytes.
    static func tooLarge(_ address: Address, limit: Int64) -> TransferError {
        TransferError(.bodyTooLarge, "\(address) sends more than the \(limit) bytes allowed.")
    }
}
