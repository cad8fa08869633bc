import Logging
import Support

// Handling of hosts that are unreachable or ask for a pause.

extension TransferLoop {
    /// Decides whether a transfer may send its request; if not, the transfer waits for the host or fails.
    ///
    /// It is called when the exchange leaves the queue: a host may fail while exchanges for it are queued.
    func admit(_ transfer: Transfer, _ request: ExchangeRequest) -> Bool {
        let now = SuspendingClock.now
        let origin = request.lane.origin
        transfer.origin = origin
        let earlier = reachability.outage(of: origin, now: now)
        var outage = reachability.admit(origin, now: now)
        if outage == nil, let earlier, !transfer.machine.plan.bears(earlier, now: now),
            probe(request, began: now, by: transfer)
        {
            outage = reachability.outage(of: origin, now: now)
        }
        if let outage {
            queue.finish(transfer.identifier, .unknown, now: now)
            carryOut(transfer.machine.hostIsUnreachable(outage, now: now), for: transfer)
            return false
        }
        transfer.connecting = now
        transfer.begun = now
        return true
    }

    /// Starts an attempt to connect for a transfer that has no time for it itself; returns whether it runs.
    private func probe(_ request: ExchangeRequest, began: SuspendingClock.Instant, by transfer: Transfer) -> Bool {
        let origin = request.lane.origin
        let probe = HostProbe { [unowned self] result in
            probes[origin] = nil
            switch result {
            case .success: hostAnswered(origin)
            case .failure(let error): hostFailed(origin, error, began: began)
            }
        }
        do throws(TransferError) {
            try startProbe(request, handler: probe)
        } catch {
            return false
        }
        probes[origin] = probe
        return true
    }

    /// Removes a transfer's exchange from the queue.
    ///
    /// If the server refused the request and asked for a pause, it ends the queued transfers that can't wait that
    /// long.
    func leaveQueue(_ transfer: Transfer) {
        queue.finish(transfer.identifier, transfer.outcome, now: SuspendingClock.now)
        guard case .refused(.some) = transfer.outcome else { return }
        for other in transfers.values.sorted(by: { $0.identifier < $1.identifier }) {
            if let request = other.queued { heedPause(other, request.lane) }
        }
    }

    /// Ends a queued transfer that would give up before the pause of its lane ends.
    func heedPause(_ transfer: Transfer, _ lane: Lane) {
        let now = SuspendingClock.now
        guard let end = queue.pauses.end(of: lane, now: now) else { return }
        carryOut(transfer.machine.hostAsksForPause(lane.origin, until: end, now: now), for: transfer)
    }

    /// Notes that a transfer has its connection; if its host was unreachable, resumes the transfers that wait for it.
    func connected(_ transfer: Transfer) {
        guard transfer.connecting != nil, let origin = transfer.origin else { return }
        transfer.connecting = nil
        hostAnswered(origin)
    }

    private func hostAnswered(_ origin: Origin) {
        let isAgain = reachability.wasReached(origin)
        guard reachability.succeeded(origin) else { return }
        logger.log(
            level: isAgain ? .notice : .debug, "\(origin): the host can be reached again",
            metadata: ["host": "\(origin.bareHost)"])
        for other in waiting(for: origin) {
            carryOut(other.machine.hostIsReachable(now: SuspendingClock.now), for: other)
        }
    }

    /// Notes that an exchange ended; ignores it if the exchange had its connection.
    func connectingEnded(_ transfer: Transfer, _ error: TransferError) {
        guard let began = transfer.connecting, let origin = transfer.origin else { return }
        transfer.connecting = nil
        hostFailed(origin, error, began: began)
    }

    /// Notes that an attempt to connect failed.
    private func hostFailed(_ origin: Origin, _ error: TransferError, began: SuspendingClock.Instant) {
        let now = SuspendingClock.now
        switch error.code {
        case .nameNotResolved, .cannotConnect:
            let reason = error.details.reason ?? ForeignText(error.message)
            let isNews = reachability.outage(of: origin, now: now) == nil
            guard let outage = reachability.failed(origin, reason, remedy: error.remedy, began: began, now: now) else {
                return
            }
            // If the host was never reached, no warning is needed: the callers, such as the mount's start, report it.
            let isLoss = isNews && reachability.wasReached(origin)
            logger.log(
                level: isLoss ? .warning : .debug, "\(outage.error(now: now).message)",
                metadata: ["host": "\(origin.bareHost)"])
            for other in waiting(for: origin) {
                carryOut(other.machine.hostIsUnreachable(outage, now: now), for: other)
            }
        case .certificateRefused:
            // The host is reachable, although its certificate isn't trusted.
            hostAnswered(origin)
        default:
            reachability.abandoned(origin, began: began, now: now)
        }
    }

    private func waiting(for origin: Origin) -> [Transfer] {
        transfers.values.filter { $0.machine.awaitedOrigin == origin }.sorted { $0.identifier < $1.identifier }
    }
}

extension TransferError {
    /// The error of an attempt that ran out of time before it had a connection.
    static let noConnection = TransferError(
        .cannotConnect, "There was no connection in time.",
        details: TransferErrorCode.Details(reason: "no connection in time"))
}
