import Logging
import Support

// The treatment of hosts that are unreachable or ask for a pause.

extension TransferLoop {
    /// Decides whether a transfer may send its request; if not, the transfer waits for the host or fails.
    ///
    /// Called when the exchange leaves the queue and not before, so that exchanges that were queued when the host
    /// failed are refused as well.
    func admit(_ transfer: Transfer, _ request: ExchangeRequest) -> Bool {
        let now = SuspendingClock.now
        transfer.origin = request.lane.origin
        if let outage = reachability.admit(request.lane.origin, now: now) {
            queue.finish(transfer.identifier, .unknown, now: now)
            carryOut(transfer.machine.hostIsUnreachable(outage, now: now), for: transfer)
            return false
        }
        transfer.connecting = now
        transfer.begun = now
        return true
    }

    /// Removes a transfer's exchange from the queue; after a refusal, applies the pause to the waiting transfers.
    func leaveQueue(_ transfer: Transfer) {
        queue.finish(transfer.identifier, transfer.outcome, now: SuspendingClock.now)
        guard case .refused(.some) = transfer.outcome else { return }
        for other in transfers.values.sorted(by: { $0.identifier < $1.identifier }) {
            if let request = other.queued { heedPause(other, request.lane) }
        }
    }

    /// Ends a queued transfer whose patience is shorter than the pause of its lane.
    func heedPause(_ transfer: Transfer, _ lane: Lane) {
        let now = SuspendingClock.now
        guard let end = queue.pauses.end(of: lane, now: now) else { return }
        carryOut(transfer.machine.hostAsksForPause(lane.origin, until: end, now: now), for: transfer)
    }

    /// A transfer has its connection: its host is reachable.
    func connected(_ transfer: Transfer) {
        guard transfer.connecting != nil, let origin = transfer.origin else { return }
        transfer.connecting = nil
        let isAgain = reachability.wasReached(origin)
        guard reachability.succeeded(origin) else { return }
        logger.log(
            level: isAgain ? .notice : .debug, "\(origin): the host can be reached again",
            metadata: ["host": "\(origin.bareHost)"])
        for other in waiting(for: origin) {
            carryOut(other.machine.hostIsReachable(now: SuspendingClock.now), for: other)
        }
    }

    /// An exchange has ended; does nothing if the exchange had its connection.
    func connectingEnded(_ transfer: Transfer, _ error: TransferError) {
        guard let began = transfer.connecting, let origin = transfer.origin else { return }
        let now = SuspendingClock.now
        switch error.code {
        case .nameNotResolved, .cannotConnect:
            transfer.connecting = nil
            let reason = error.details.reason ?? ForeignText(error.message)
            let isNews = reachability.outage(of: origin, now: now) == nil
            guard let outage = reachability.failed(origin, reason, remedy: error.remedy, began: began, now: now) else {
                return
            }
            // A host that was never reached is reported by the callers whose requests fail: a start, for instance.
            let isLoss = isNews && reachability.wasReached(origin)
            logger.log(
                level: isLoss ? .warning : .debug, "\(outage.error(now: now).message)",
                metadata: ["host": "\(origin.bareHost)"])
            for other in waiting(for: origin) {
                carryOut(other.machine.hostIsUnreachable(outage, now: now), for: other)
            }
        case .certificateRefused:
            // The host is reachable, although it isn't trusted.
            connected(transfer)
        default:
            transfer.connecting = nil
            reachability.abandoned(origin, began: began, now: now)
        }
    }

    private func waiting(for origin: Origin) -> [Transfer] {
        transfers.values.filter { $0.machine.awaitedOrigin == origin }.sorted { $0.identifier < $1.identifier }
    }
}

extension TransferError {
    /// The error of an attempt that was abandoned before it had a connection.
    static let noConnection = TransferError(
        .cannotConnect, "There was no connection in time.",
        details: TransferErrorCode.Details(reason: "no connection in time"))
}
