import CLinux
import Envelope
import Glibc
import Support

/// The calls to a key process: a thread takes the answers, and hands each to the thread that waits for it.
final class KeyCalls: Sendable {
    /// The most calls without an answer, which fit into the socket's buffer; further ones wait.
    private static let mostCalls = 64
    /// The size of the longest message, in bytes: a wrapped key with what belongs to it.
    private static let largestCall = 2048
    /// The longest wait for an answer: a call takes some milliseconds.
    private static let patience = Duration.seconds(30)

    /// What a call gets.
    private enum Answer: Sendable {
        case response(KeyResponse)
        /// There is none any more.
        case end
    }

    private struct State {
        /// The calls without an answer, also those for which nobody waits any more.
        var waiting: [UInt32: Condition<Answer?>] = [:]
        var last: UInt32 = 0
        var isListening = false
        /// Whether the end is wanted.
        var isDone = false
        var hasEnded = false
        var end: ProcessEnd?
        var observer: (@Sendable (ProcessEnd?) -> Void)?
    }

    let process: pid_t
    private let findEnd: @Sendable () -> ProcessEnd?
    private let socket: MessageSocket
    private let state = Condition(State())
    /// For the messages that one thread takes.
    private let buffer = SecretBuffer(count: KeyRequest.largestSize)

    /// Takes over a socket.
    ///
    /// - Parameter end: Waits for the end of the process after that of the socket; nil if it can't be known.
    init(socket: MessageSocket, process: pid_t, end: @escaping @Sendable () -> ProcessEnd?) {
        self.socket = socket
        self.process = process
        findEnd = end
    }

    // Not before: another thread could still send, to whatever has got the number since.
    deinit { socket.close() }

    /// The failure while files are read: the process has ended, or isn't this program.
    static let strange = KeyFileFailure(
        status: 1, message: "the process that reads private keys has ended unexpectedly: look at the system's log")

    /// The error of a call to a process that has ended.
    static func ended(_ end: ProcessEnd?) -> EnvelopeError {
        let how =
            switch end {
            case .killed(let signal): " (signal \(signal))"
            case .exited(let status): " (status \(status))"
            case nil: ""
            }
        return EnvelopeError(
            .keyProcessEnded,
            "The process that holds the private keys has ended\(how), and they could not be read again: mount again.")
    }

    /// Whether the process hasn't ended.
    var isRunning: Bool { state.changeQuietly { !$0.hasEnded } }

    /// Has a function called when the process has ended although it is needed: at once if it has ended already.
    func whenEnded(_ observer: @escaping @Sendable (ProcessEnd?) -> Void) {
        let end = state.changeQuietly { state -> ProcessEnd?? in
            guard state.hasEnded else {
                state.observer = observer
                return nil
            }
            return state.isDone ? nil : .some(state.end)
        }
        if let end { observer(end) }
    }

    // MARK: Before there are calls

    /// Sends a message.
    func tell(_ request: KeyRequest) throws(KeyFileFailure) {
        do throws(SystemError) {
            try socket.send(request)
        } catch {
            guard error.code.rawValue == EMSGSIZE else { throw Self.strange }
            throw KeyFileFailure(status: 1, message: "the path of a private key is too long")
        }
    }

    /// Waits for a message.
    ///
    /// - Parameter patience: The longest wait; nil where a person may be asked.
    func answer(within patience: Duration?) throws(KeyFileFailure) -> KeyResponse {
        if let patience, !socket.waitForMessage(until: .now + patience) {
            throw KeyFileFailure(
                status: 1,
                message: "the process that reads private keys hasn't answered within \(patience): a disk may be gone")
        }
        guard let bytes = (try? socket.receive(buffer)) ?? nil, let response = try? KeyResponse(bytes) else {
            throw Self.strange
        }
        return response
    }

    /// Starts the thread that takes answers.
    func listen() throws(SystemError) {
        _ = try NamedThread(name: "key-answers") { [self] in
            while let response = nextResponse() {
                deliver(response)
                twiliofs_wipe_traces()
            }
            processHasEnded()
        }
        state.changeQuietly { $0.isListening = true }
    }

    // MARK: Calls

    /// Calls, and waits for the answer.
    func call(_ request: (UInt32) -> KeyRequest) throws(EnvelopeError) -> KeyResponse {
        let deadline = ContinuousClock.now + Self.patience
        let answer = Condition<Answer?>(nil)
        let place = state.wait(timeout: Self.patience) { state -> UInt32?? in
            if state.hasEnded || state.isDone { return .some(nil) }
            guard state.waiting.count < Self.mostCalls else { return nil }
            repeat { state.last &+= 1 } while state.waiting[state.last] != nil
            state.waiting[state.last] = answer
            return state.last
        }
        guard let place else { throw Self.late }
        // A message that can't be sent means the end, which the other thread notices.
        guard let number = place, send(request(number)) else { throw Self.ended(state.changeQuietly(\.end)) }
        switch answer.wait(timeout: max(.zero, deadline - .now), until: { $0 }) {
        case .response(let response): return response
        case .end: throw Self.ended(state.changeQuietly(\.end))
        case nil: throw Self.late
        }
    }

    /// Has a key forgotten; without an answer.
    func forget(_ key: UInt32) { _ = send(.forget(key: key)) }

    /// Ends the process, which has nothing else to do.
    func end() {
        let isListening = state.change { state in
            state.isDone = true
            return state.isListening
        }
        socket.shutDown()
        // Otherwise the thread that listens does it.
        if !isListening { _ = findEnd() }
    }

    private static var late: EnvelopeError {
        EnvelopeError(
            .keyProcessEnded,
            "The process that holds the private keys doesn't answer within \(patience): the machine is overloaded.")
    }

    private func send(_ request: KeyRequest) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: Self.largestCall, alignment: 8) { memory in
            guard let count = try? request.write(to: memory) else { return false }
            let message = UnsafeRawBufferPointer(rebasing: memory[..<count])
            // There is room for as many calls as there may be.
            guard (try? socket.send(message, waits: false)) != nil else {
                socket.shutDown()
                return false
            }
            return true
        }
    }

    private func nextResponse() -> KeyResponse? {
        guard let bytes = (try? socket.receive(buffer)) ?? nil else { return nil }
        // Content keys have memory of their own afterwards.
        defer { buffer.wipe(bytes.count) }
        return try? KeyResponse(bytes)
    }

    private func deliver(_ response: KeyResponse) {
        guard let call = response.call else { return }
        let answer = state.changeForOne { $0.waiting.removeValue(forKey: call) }
        answer?.change { $0 = .response(response) }
    }

    private func processHasEnded() {
        socket.shutDown()
        // It ends with its socket.
        let end = findEnd()
        let (waiting, observer) = state.change { state in
            state.hasEnded = true
            state.end = end
            defer { state.waiting = [:] }
            return (Array(state.waiting.values), state.isDone ? nil : state.observer)
        }
        for answer in waiting { answer.change { $0 = .end } }
        observer?(end)
    }
}

extension KeyResponse {
    /// The number of the call that it answers; nil for an answer to anything else.
    fileprivate var call: UInt32? {
        switch self {
        case .unwrapped(let call, _), .refused(let call), .malformed(let call, _), .signed(let call, _),
            .failed(let call, _):
            call
        case .warning, .failure, .keys, .confined: nil
        }
    }
}
