import Logging
import Support

// What the transfer thread does about hosts that can't be reached, or ask for a pause.

extension TransferLoop {
    /// Looks if the host of a transfer whose turn has come may be asked; if not, the transfer waits for it or fails.
    ///
    /// Asked when the turn has come and not before, so that what was in the queue when the host failed ends as well.
    func admit(_ transfer: Transfer, _ request: ExchangeRequest) -> Bool {
        let now = SuspendingClock.now
        transfer.origin = request.lane.origin
        switch reachability.admit(request.lane.origin, now: now) {
        case .attempt, .probe:
            transfer.connecting = now
            transfer.begun = now
            return true
        case .refusal(let outage):
            queue.finish(transfer.identifier, .unknown, now: now)
            carryOut(transfer.machine.hostIsUnreachable(outage, now: now), for: transfer)
            return false
        }
    }

    /// Lets a transfer's exchange go out of the queue, with what its answer means for those that wait.
    func leaveQueue(_ transfer: Transfer) {
        queue.finish(transfer.identifier, transfer.outcome, now: SuspendingClock.now)
        guard case .refused(.some) = transfer.outcome else { return }
        for other in transfers.values.sorted(by: { $0.identifier < $1.identifier }) {
            if let request = other.queued { heedPause(other, request.lane) }
        }
    }

    /// Ends a transfer in the queue that can't wait as long as its host asks for a pause.
    func heedPause(_ transfer: Transfer, _ lane: Lane) {
        let now = SuspendingClock.now
        guard let end = queue.pauses.end(of: lane, now: now) else { return }
        carryOut(transfer.machine.hostAsksForPause(lane.origin, until: end, now: now), for: transfer)
    }

    /// A transfer has its connection.
    func connected(_ transfer: Transfer) {
        guard transfer.connecting != nil, let origin = transfer.origin else { return }
        transfer.connecting = nil
        let isAgain = reachability.wasReached(origin)
        guard reachability.succeeded(origin) else { return }
        logger.log(
            level: isAgain ? .notice : .debug, "\(origin) can be reached again",
            metadata: ["host": "\(origin.bareHost)"])
        for other in waiting(for: origin) {
            carryOut(other.machine.hostIsReachable(now: SuspendingClock.now), for: other)
        }
    }

    /// An exchange is over; nothing happens if it had its connection.
    func connectingEnded(_ transfer: Transfer, _ error: TransferError) {
        guard let began = transfer.connecting, let origin = transfer.origin else { return }
        let now = SuspendingClock.now
        switch error.code {
        case .nameNotResolved, .cannotConnect:
            transfer.connecting = nil
            let reason = error.details.reason ?? ForeignText(error.message)
            let isNews = reachability.outage(of: origin, now: now) == nil
            guard reachability.failed(origin, reason, remedy: error.remedy, began: began, now: now),
                let outage = reachability.outage(of: origin, now: now)
            else { return }
            // One that could never be reached is told by those that fail by it: a start, for instance.
            let isLoss = isNews && reachability.wasReached(origin)
            logger.log(
                level: isLoss ? .warning : .debug, "\(outage.error(now: now).message)",
                metadata: ["host": "\(origin.bareHost)"])
            for other in waiting(for: origin) {
                carryOut(other.machine.hostIsUnreachable(outage, now: now), for: other)
            }
        case .certificateRefused:
            // It is there, and answers with what isn't wanted.
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
    /// Says that an attempt was given up that has no connection.
    static let noConnection = TransferError(
        .cannotConnect, "There was no connection in time.",
        details: TransferErrorCode.Details(reason: "no connection in time"))
}
