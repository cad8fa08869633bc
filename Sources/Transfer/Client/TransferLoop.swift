import FoundationEssentials
import Logging
import Support

/// What the transfer thread does: commands in, timers, exchanges whose turn has come, libcurl's events, and again.
///
/// Everything here is used by that thread alone and needs no lock. Receivers and sources are called from here; what
/// they ask of the client in turn comes back as a command, so nothing here is ever entered twice.
final class TransferLoop {
    private typealias Instant = SuspendingClock.Instant

    private let mailbox: Mailbox
    private let engine: ExchangeEngine
    private let counts: TransferCounts
    private var metrics: TransferMetrics
    let logger: Logger
    var queue: AdmissionQueue<UInt64>
    var reachability = Reachability()
    private(set) var transfers: [UInt64: Transfer] = [:]
    /// No deadline is before this.
    ///
    /// Deadlines mostly move away as bytes come, so this isn't exact: when it has passed, all are looked at, and it is
    /// exact again.
    private var earliestDeadline: Instant?

    init(
        _ configuration: TransferClient.Configuration, multi: MultiHandle, mailbox: Mailbox, counts: TransferCounts,
        metrics: TransferMetrics, logger: Logger
    ) {
        self.mailbox = mailbox
        self.counts = counts
        self.metrics = metrics
        self.logger = logger
        engine = ExchangeEngine(
            multi: multi,
            options: EasyOptions(
                certificateAuthorityFile: configuration.certificateAuthorityFile, userAgent: configuration.userAgent))
        queue = AdmissionQueue(
            maximalRunning: configuration.maximalConnections,
            limiter: RequestLimiter(maximum: configuration.maximalConcurrentAccountRequests))
    }

    /// Works until told to stop, then ends every transfer.
    func run() {
        mailbox.adoptCurrentThread()
        while carryOutCommands() {
            fireDeadlines()
            startQueued()
            engine.advance()
            // What has just ended may have let others in; libcurl doesn't wait when there is something new.
            startQueued()
            counts.note(queue, reachability)
            engine.wait(milliseconds: timeToWait())
        }
        for transfer in transfers.values.sorted(by: { $0.identifier < $1.identifier }) {
            carryOut(transfer.machine.cancel(), for: transfer)
        }
        counts.note(queue, reachability)
        for case .begin(_, _, _, _, let receiver) in mailbox.close() {
            receiver.downloadDidEnd(.failure(.cancelled))
        }
    }

    /// Returns whether to go on.
    private func carryOutCommands() -> Bool {
        let commands = mailbox.take()
        for (index, command) in commands.enumerated() {
            switch command {
            case .begin(let identifier, let plan, let address, let source, let receiver):
                let transfer = Transfer(
                    identifier, plan, address: address, source: source, receiver: receiver, delegate: self)
                transfers[identifier] = transfer
                carryOut(transfer.machine.start(now: SuspendingClock.now), for: transfer)
            case .addressArrived(let identifier, let result):
                guard let transfer = transfers[identifier] else { continue }
                carryOut(transfer.machine.addressArrived(result, now: SuspendingClock.now), for: transfer)
            case .cancel(let identifier):
                guard let transfer = transfers[identifier] else { continue }
                carryOut(transfer.machine.cancel(), for: transfer)
            case .resume(let identifier):
                transfers[identifier].map(resume)
            case .stop:
                for case .begin(_, _, _, _, let receiver) in commands[(index + 1)...] {
                    receiver.downloadDidEnd(.failure(.cancelled))
                }
                return false
            }
        }
        return true
    }

    /// Lets the bytes come that a receiver has paused.
    private func resume(_ transfer: Transfer) {
        guard transfer.isPaused, let exchange = transfer.exchange else { return }
        transfer.isPaused = false
        transfer.machine.resumed(now: SuspendingClock.now)
        noteDeadline(of: transfer)
        engine.resume(exchange)
    }

    private func startQueued() {
        while let identifier = queue.next(now: SuspendingClock.now) {
            guard let transfer = transfers[identifier], let request = transfer.queued else {
                queue.finish(identifier, .unknown, now: SuspendingClock.now)
                continue
            }
            transfer.queued = nil
            guard admit(transfer, request) else { continue }
            transfer.status = nil
            transfer.keptBody = []
            transfer.machine.exchangeStarted(now: SuspendingClock.now)
            noteDeadline(of: transfer)
            logger.trace("exchange started", metadata: ["transfer": "\(identifier)", "address": "\(request.address)"])
            do throws(TransferError) {
                transfer.exchange = try engine.start(request, handler: transfer)
            } catch {
                exchangeDidEnd(.failure(error), for: transfer)
            }
        }
    }

    private func fireDeadlines() {
        guard let earliestDeadline, earliestDeadline <= SuspendingClock.now else { return }
        self.earliestDeadline = nil
        for transfer in Array(transfers.values) {
            let actions = transfer.machine.timeHasPassed(now: SuspendingClock.now, keptBody: transfer.keptBody)
            carryOut(actions, for: transfer)
        }
    }

    private func timeToWait() -> Int {
        let wakeTimes = [earliestDeadline, queue.wakeTime(now: SuspendingClock.now)].compactMap(\.self)
        guard let next = wakeTimes.min() else { return 3_600_000 }
        return min(3_600_000, max(0, SuspendingClock.now.duration(to: next).milliseconds))
    }

    /// Sees to it that a transfer's deadline isn't missed.
    private func noteDeadline(of transfer: Transfer) {
        guard let deadline = transfer.machine.deadline else { return }
        earliestDeadline = earliestDeadline.map { min($0, deadline) } ?? deadline
    }

    /// Counts a request that is over.
    ///
    /// - Parameter outcome: how it ended, if no answer had begun.
    private func countRequest(of transfer: Transfer, orElse outcome: TransferMetrics.Outcome) {
        guard let target = transfer.target else { return }
        metrics.requestEnded(transfer.status.map { .status($0) } ?? outcome, at: target)
    }

    private static func isCancellation(_ actions: [TransferAction]) -> Bool {
        guard case .end(.failure(let error)) = actions.last else { return false }
        return error.code == .cancelled
    }
}

extension TransferLoop: TransferDelegate {
    func didConnect(_ transfer: Transfer) {
        noteDeadline(of: transfer)
        connected(transfer)
    }

    func didReceive(byteCount: Int) {
        metrics.received(byteCount: byteCount)
    }

    func didReceive(_ head: ResponseHead, for transfer: Transfer) {
        let now = SuspendingClock.now
        metrics.answerBegan(after: transfer.begun.duration(to: now), from: head.address)
        let retryAfter = head.headers.retryAfter(wallClock: Date())
        transfer.status = head.status
        transfer.outcome = head.status == 429 ? .refused(retryAfter: retryAfter) : .processed
        let actions = transfer.machine.headArrived(head, retryAfter: retryAfter, now: now)
        carryOut(actions, for: transfer)
    }

    func exchangeDidEnd(_ result: Result<Void, TransferError>, for transfer: Transfer) {
        let now = SuspendingClock.now
        transfer.exchange = nil
        transfer.isPaused = false
        countRequest(of: transfer, orElse: .failed)
        leaveQueue(transfer)
        if let error = result.failure { connectingEnded(transfer, error) }
        let actions = transfer.machine.exchangeEnded(result, keptBody: transfer.keptBody, now: now)
        carryOut(actions, for: transfer)
    }

    func carryOut(_ actions: [TransferAction], for transfer: Transfer) {
        defer { noteDeadline(of: transfer) }
        for action in actions {
            switch action {
            case .askForAddress(let refused):
                let identifier = transfer.identifier
                let mailbox = mailbox
                transfer.source?.address(replacing: refused, priority: transfer.priority) { result in
                    mailbox.post(.addressArrived(identifier, result))
                }
            case .perform(let request):
                transfer.queued = request
                (transfer.target, transfer.outcome) = (request.address, .unknown)
                queue.add(
                    transfer.identifier, priority: transfer.priority, lane: request.lane,
                    isToAccount: request.address.credentials != nil)
                heedPause(transfer, request.lane)
            case .abandon:
                transfer.queued = nil
                if let exchange = transfer.exchange {
                    transfer.exchange = nil
                    transfer.isPaused = false
                    engine.abandon(exchange)
                    let isCancelled = Self.isCancellation(actions)
                    countRequest(of: transfer, orElse: isCancelled ? .cancelled : .failed)
                    connectingEnded(transfer, isCancelled ? .cancelled : .noConnection)
                }
                leaveQueue(transfer)
            case .begin(let head, let offset):
                guard transfer.receiver.downloadDidBegin(head, at: offset) else {
                    return carryOut(transfer.machine.cancel(), for: transfer)
                }
            case .wait(let wait, let error):
                metrics.willRepeat()
                logger.debug(
                    "transfer will be retried",
                    error: error, metadata: ["transfer": "\(transfer.identifier)", "in": "\(wait)"])
            case .end(let result):
                transfers[transfer.identifier] = nil
                if let error = result.failure, error.code != .cancelled {
                    logger.debug(
                        "transfer failed", error: error, metadata: ["transfer": "\(transfer.identifier)"])
                }
                transfer.receiver.downloadDidEnd(result.mapError { $0.of(transfer.target) })
            }
        }
    }
}
