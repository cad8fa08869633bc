import FoundationEssentials
import Logging
import Metrics
import Support

/// The loop of the transfer thread: commands, deadlines, exchanges that may start, libcurl's events, then again.
///
/// Only that thread uses it, so it needs no lock. It calls receivers and sources. A call that they make to the client
/// becomes a command, so the loop is never re-entered.
final class TransferLoop {
    private typealias Instant = SuspendingClock.Instant

    let mailbox: Mailbox
    private let engine: ExchangeEngine
    /// Makes the authorizations that take time; nil without a thread.
    lazy var authorizer = try? WorkerPool(name: "authorizer", threadCount: 2)
    /// The number of the last order for an authorization.
    var lastOrder: UInt64 = 0
    private let counts: TransferCounts
    private var metrics: TransferMetrics
    let logger: Logger
    var queue: AdmissionQueue<UInt64>
    var reachability = Reachability()
    /// The attempts to connect that belong to no transfer.
    var probes: [Origin: HostProbe] = [:]
    private(set) var transfers: [UInt64: Transfer] = [:]
    /// The identifier of the latest transfer.
    private var latest: UInt64 = 0
    /// A lower bound of all deadlines.
    ///
    /// Arriving bytes postpone most deadlines, so it isn't exact. When it has passed, all transfers are checked, which
    /// makes it exact again.
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
                certificateAuthorityFile: configuration.certificateAuthorityFile, userAgent: configuration.userAgent,
                isNamedByUser: configuration.isNamedByUser))
        queue = AdmissionQueue(
            maximalRunning: configuration.maximalConnections,
            limiter: RequestLimiter(maximum: configuration.maximalConcurrentAccountRequests))
    }

    /// Runs until the command to stop, then cancels all transfers.
    func run() {
        mailbox.adoptCurrentThread()
        while carryOutCommands() {
            fireDeadlines()
            startQueued()
            engine.advance()
            // Exchanges that have just ended make room for others; libcurl doesn't wait when it has new ones.
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

    /// Carries out the waiting commands; returns false after a command to stop.
    private func carryOutCommands() -> Bool {
        let commands = mailbox.take()
        for (index, command) in commands.enumerated() {
            switch command {
            case .begin(let identifier, let plan, let address, let source, let receiver):
                let transfer = Transfer(
                    identifier, plan, address: address, source: source, receiver: receiver, delegate: self)
                transfers[identifier] = transfer
                latest = max(latest, identifier)
                carryOut(transfer.machine.start(now: SuspendingClock.now), for: transfer)
            case .addressArrived(let identifier, let result):
                guard let transfer = transfers[identifier] else { continue }
                carryOut(transfer.machine.addressArrived(result, now: SuspendingClock.now), for: transfer)
            case .credentialArrived(let identifier, let result):
                guard let transfer = transfers[identifier] else { continue }
                carryOut(transfer.machine.credentialArrived(result, now: SuspendingClock.now), for: transfer)
            case .authorized(let identifier, let order, let authorization):
                transfers[identifier].map { authorizationArrived(authorization, order: order, for: $0) }
            case .cancel(let identifier):
                guard let transfer = transfers[identifier] else { continue }
                carryOut(transfer.machine.cancel(), for: transfer)
            case .raise(let identifier, let priority):
                transfers[identifier].map { raise($0, to: priority) }
            case .stop:
                for case .begin(_, _, _, _, let receiver) in commands[(index + 1)...] {
                    receiver.downloadDidEnd(.failure(.cancelled))
                }
                return false
            }
        }
        return true
    }

    /// Raises the priority of a transfer for which a more urgent reader waits now.
    private func raise(_ transfer: Transfer, to priority: Priority) {
        guard priority > transfer.priority else { return }
        transfer.takeTurn(after: latest)
        queue.raise(transfer.identifier, to: priority, turn: transfer.turn)
        carryOut(transfer.machine.raise(to: priority, now: SuspendingClock.now), for: transfer)
        if let request = transfer.queued { heedPause(transfer, request.lane) }
    }

    private func startQueued() {
        while let identifier = queue.next(now: SuspendingClock.now) {
            guard let transfer = transfers[identifier], let request = transfer.queued else {
                queue.finish(identifier, .unknown, now: SuspendingClock.now)
                continue
            }
            if let actions = transfer.machine.addressIsStale(now: SuspendingClock.now) {
                transfer.queued = nil
                queue.finish(identifier, .unknown, now: SuspendingClock.now)
                carryOut(actions, for: transfer)
                continue
            }
            transfer.queued = nil
            authorize(request, of: transfer)
        }
    }

    /// Sends the request of an exchange that has left the queue, unless its host is unreachable.
    func send(_ request: ExchangeRequest, _ authorization: Authorization?, of transfer: Transfer) {
        guard admit(transfer, request) else { return }
        transfer.status = nil
        transfer.keptBody = []
        transfer.machine.exchangeStarted(authorization, now: SuspendingClock.now)
        noteDeadline(of: transfer)
        logger.trace(
            "\(request.lane.origin): an exchange starts",
            metadata: ["transfer": "\(transfer.identifier)", "address": "\(request.address)"])
        do throws(TransferError) {
            transfer.exchange = try engine.start(request, authorization, handler: transfer)
        } catch {
            exchangeDidEnd(.failure(error), for: transfer)
        }
    }

    /// Starts an attempt to connect to the host of a request, which isn't sent.
    func startProbe(_ request: ExchangeRequest, handler: HostProbe) throws(TransferError) {
        var request = request
        (request.method, request.body, request.isProbe) = (.head, [], true)
        request.address = request.address.withoutCredentials
        _ = try engine.start(request, nil, handler: handler)
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

    /// Lowers `earliestDeadline` to a transfer's deadline.
    private func noteDeadline(of transfer: Transfer) {
        guard let deadline = transfer.machine.deadline else { return }
        earliestDeadline = earliestDeadline.map { min($0, deadline) } ?? deadline
    }

    /// Counts an ended exchange by the status of its response, or by `outcome` if none had begun.
    private func countRequest(of transfer: Transfer, orElse outcome: TransferMetrics.Outcome) {
        guard let target = transfer.target else { return }
        metrics.requestEnded(transfer.status.map { .status($0) } ?? outcome, at: target)
    }

    private func log(_ event: String, _ error: TransferError, of transfer: Transfer) {
        // There is no host before the source has provided an address.
        logger.debug(
            "\(transfer.target?.origin?.description ?? "no host"): \(event)", error: error.of(transfer.target),
            metadata: ["transfer": "\(transfer.identifier)"])
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

    func didReceive(byteCount: Int) { metrics.receivedBytes.increment(by: byteCount) }

    func didReceive(_ head: ResponseHead, for transfer: Transfer) {
        let now = SuspendingClock.now
        metrics.responseBegan(after: transfer.begun.duration(to: now), from: head.address)
        let retryAfter = head.headers.retryAfter(wallClock: Date())
        transfer.status = head.status
        transfer.outcome = head.status == 429 ? .refused(retryAfter: retryAfter) : .processed
        carryOut(transfer.machine.headArrived(head, retryAfter: retryAfter, now: now), for: transfer)
    }

    func exchangeDidEnd(_ result: Result<Void, TransferError>, for transfer: Transfer) {
        let now = SuspendingClock.now
        transfer.exchange = nil
        countRequest(of: transfer, orElse: .failed)
        leaveQueue(transfer)
        if let error = result.failure { connectingEnded(transfer, error) }
        carryOut(transfer.machine.exchangeEnded(result, keptBody: transfer.keptBody, now: now), for: transfer)
    }

    func carryOut(_ actions: [TransferAction], for transfer: Transfer) {
        defer { noteDeadline(of: transfer) }
        for action in actions {
            switch action {
            case .askForAddress(let refused):
                let identifier = transfer.identifier
                let mailbox = mailbox
                transfer.source?.address(
                    replacing: refused, priority: transfer.priority, outage: transfer.machine.plan.patience.outage
                ) { mailbox.post(.addressArrived(identifier, $0)) }
            case .askForCredential(let address, let refused):
                let identifier = transfer.identifier
                let mailbox = mailbox
                logger.debug(
                    "\(address.origin?.description ?? "no host"): a request waits for a credential",
                    metadata: ["transfer": "\(identifier)", "address": "\(address)"])
                address.credentials?.renew(refused: refused, priority: transfer.priority) { result in
                    mailbox.post(.credentialArrived(identifier, result))
                }
            case .perform(let request):
                transfer.queued = request
                (transfer.target, transfer.outcome) = (request.address, .unknown)
                queue.add(
                    transfer.identifier, priority: transfer.priority, turn: transfer.turn, lane: request.lane,
                    isToAccount: request.address.credentials?.isOfAccount ?? false)
                heedPause(transfer, request.lane)
            case .abandon:
                (transfer.queued, transfer.authorizing) = (nil, nil)
                if let exchange = transfer.exchange {
                    transfer.exchange = nil
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
                metrics.retries.increment()
                if error.code == .stalled { engine.connectionIsDead() }
                log("the transfer is retried in \(wait)", error, of: transfer)
            case .end(let result):
                transfers[transfer.identifier] = nil
                if let error = result.failure, error.code != .cancelled {
                    log("the transfer failed", error, of: transfer)
                }
                transfer.receiver.downloadDidEnd(result.mapError { $0.of(transfer.target) })
            }
        }
    }
}
