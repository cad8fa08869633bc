import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

/// Runs a transfer's state machine against a server made of a closure, with a clock that only moves when it must.
///
/// It carries the actions out as the client does, and checks on the way what must always hold.
struct Simulation {
    enum Ending { case complete, broken, stalled }

    /// What the server does with a request.
    enum Answer {
        case response(Int, [(String, String)], [UInt8], Ending)
        case failure(TransferError.Code)
        case silence
    }

    private(set) var now = SuspendingClock.now {
        didSet { clock.withLock { $0 = now } }
    }
    /// The time, for sources and servers.
    let clock = Locked(SuspendingClock.now)
    let start: SuspendingClock.Instant
    private(set) var machine: TransferStateMachine
    private(set) var requests: [ExchangeRequest] = []
    private(set) var refused: [Address?] = []
    private(set) var waits: [Duration] = []
    private(set) var offsets: [Int64] = []
    private(set) var bytes: [UInt8] = []
    private(set) var results: [Result<Void, TransferError>] = []
    /// Pieces in which bodies arrive.
    var pieceSize = 7
    /// The time before each of these pieces.
    var interval = Duration.zero
    /// The answer of the credential's provider to a renewal, and the time before it; nil for none.
    var renewal: ((Authorization?) -> (Result<Bool, any Error>, after: Duration)?)?
    /// The authorization that each renewal was to replace.
    private(set) var renewals: [Authorization?] = []
    /// What each request was sent with.
    private(set) var authorizations: [Authorization?] = []
    /// How long a request waits for its turn.
    var queueing = Duration.zero
    /// The time until a source or a server answers.
    var latency = Duration.zero
    private var firstOffset: Int64?
    private let keepsBytes: Bool

    init(_ plan: TransferPlan, address: Address? = nil, seed: UInt64 = 1) {
        start = now
        clock.withLock { [now] in $0 = now }
        keepsBytes = plan.isDownload
        machine = TransferStateMachine(plan, address: address, now: now, random: SeededGenerator(seed: seed))
    }

    var elapsed: Duration { start.duration(to: now) }
    var error: TransferError? { results.first?.failure }
    var isSuccess: Bool { results.count == 1 && error == nil }

    /// Runs to the end.
    mutating func run(
        source: (Address?) -> Result<Address, any Error>, server: (ExchangeRequest, Int) -> Answer
    ) {
        var actions = machine.start(now: now)
        var steps = 0
        while results.isEmpty {
            steps += 1
            guard steps < 10_000 else {
                Issue.record("it goes on for ever")
                return
            }
            actions = carryOut(actions, source: source, server: server)
        }
        #expect(actions.isEmpty && machine.deadline == nil)
        // Nothing comes after the end.
        #expect(machine.cancel().isEmpty)
        #expect(machine.timeHasPassed(now: now.advanced(by: .seconds(1000))).isEmpty)
        #expect(machine.exchangeEnded(.success(()), keptBody: [], now: now).isEmpty)
        #expect(machine.bodyArrived(count: 5, now: now).deliver.isEmpty)
        #expect(machine.credentialArrived(.success(true), now: now).isEmpty)
        #expect(machine.credentialIsMissing(now: now).isEmpty)
    }

    private mutating func carryOut(
        _ actions: [TransferAction], source: (Address?) -> Result<Address, any Error>,
        server: (ExchangeRequest, Int) -> Answer
    ) -> [TransferAction] {
        var next: [TransferAction] = []
        var isWaiting = true
        for action in actions {
            switch action {
            case .askForAddress(let old):
                refused.append(old)
                now = now.advanced(by: latency)
                next += machine.addressArrived(source(old), now: now)
                isWaiting = false
            case .askForCredential(_, let old):
                renewals.append(old)
                isWaiting = false
                guard let (answer, time) = renewal?(old), machine.deadline.map({ now.advanced(by: time) < $0 }) ?? true
                else {
                    next += passTime()
                    continue
                }
                now = now.advanced(by: time)
                next += machine.credentialArrived(answer, now: now)
            case .perform(let request):
                if let provider = request.address.credentials, provider.authorization(for: request.outgoing) == nil {
                    next += machine.credentialIsMissing(now: now)
                    isWaiting = false
                    continue
                }
                next += perform(request, server)
                isWaiting = false
            case .abandon:
                break
            case .begin(_, let offset):
                begin(at: offset)
            case .wait(let wait, _):
                waits.append(wait)
            case .end(let result):
                results.append(result)
                isWaiting = false
            }
        }
        if isWaiting, results.isEmpty {
            next += passTime()
        }
        return next
    }

    private mutating func begin(at offset: Int64) {
        if keepsBytes, let firstOffset, !bytes.isEmpty {
            #expect(offset == firstOffset + Int64(bytes.count), "contiguous")
        } else {
            firstOffset = offset
            bytes = []
        }
        offsets.append(offset)
    }

    private mutating func passTime() -> [TransferAction] {
        guard let deadline = machine.deadline else {
            Issue.record("it waits for nothing")
            return machine.cancel()
        }
        now = max(now, deadline)
        return machine.timeHasPassed(now: now)
    }

    private mutating func perform(
        _ request: ExchangeRequest, _ server: (ExchangeRequest, Int) -> Answer
    ) -> [TransferAction] {
        if queueing > .zero {
            let target = now.advanced(by: queueing)
            if let deadline = machine.deadline, deadline < target { return passTime() }
            now = target
        }
        if let actions = machine.addressIsStale(now: now) { return actions }
        requests.append(request)
        let authorization = request.address.credentials?.authorization(for: request.outgoing)
        authorizations.append(authorization)
        machine.exchangeStarted(authorization, now: now)
        now = now.advanced(by: latency)
        switch server(request, requests.count - 1) {
        case .failure(let code):
            return machine.exchangeEnded(
                .failure(TransferError(code, "Simulated.")), keptBody: [], now: now)
        case .silence:
            machine.connected(now: now)
            return passTime()
        case .response(let status, let fields, let body, let ending):
            machine.connected(now: now)
            return respond(
                ResponseHead(status: status, headers: HeaderFields(fields), address: request.address), body, ending)
        }
    }

    private mutating func respond(_ head: ResponseHead, _ body: [UInt8], _ ending: Ending) -> [TransferAction] {
        let retryAfter = head.headers.retryAfter(wallClock: Date())
        var kept: [UInt8] = []
        var rest: [TransferAction] = []
        for action in machine.headArrived(head, retryAfter: retryAfter, now: now) {
            if case .begin(_, let offset) = action { begin(at: offset) } else { rest.append(action) }
        }
        guard rest.isEmpty else { return rest }
        var position = 0
        while position < body.count {
            let arrival = now.advanced(by: interval)
            if let deadline = machine.deadline, deadline < arrival { return passTime() }
            now = arrival
            let piece = body[position..<min(position + pieceSize, body.count)]
            let decision = machine.bodyArrived(count: piece.count, now: now)
            bytes += piece.dropFirst(decision.deliver.lowerBound).prefix(decision.deliver.count)
            kept += piece.prefix(decision.keep)
            guard decision.actions.isEmpty else { return decision.actions }
            if decision.isEnough { break }
            position += piece.count
        }
        switch ending {
        case .complete: return machine.exchangeEnded(.success(()), keptBody: kept, now: now)
        case .broken:
            let error = TransferError(.connectionLost, "Simulated.")
            return machine.exchangeEnded(.failure(error), keptBody: kept, now: now)
        case .stalled: return passTime()
        }
    }
}

/// A resource that simulated servers have.
let simulatedResource = pattern(300)

/// The address of a simulated server.
func address(
    _ text: String = "http://127.0.0.1/media", credentials: (any CredentialProvider)? = nil
) throws -> Address {
    Address(url: try url(text), credentials: credentials)
}

/// Answers as a server that knows ranges does.
func serve(
    _ request: ExchangeRequest, of resource: [UInt8] = simulatedResource, cut: Int = .max,
    _ ending: Simulation.Ending = .complete
) -> Simulation.Answer {
    let whole = Int64(resource.count)
    let range: Range<Int64>
    switch request.range {
    case nil: return .response(200, [("Content-Length", "\(whole)")], Array(resource.prefix(cut)), ending)
    case .bytes(let asked): range = asked.clamped(to: 0..<whole)
    case .from(let offset): range = min(offset, whole)..<whole
    case .suffix(let count): range = max(0, whole - count)..<whole
    }
    if range.isEmpty { return .response(416, [("Content-Range", "bytes */\(whole)")], [], .complete) }
    let fields = [
        ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(whole)"),
        ("Content-Length", "\(range.count)"),
    ]
    return .response(
        206, fields, Array(resource[Int(range.lowerBound)..<Int(range.upperBound)].prefix(cut)), ending)
}
