import CLinux
import Glibc
import Support

/// The socket between a mount and a doorkeeper process: each packet begins with a number, and an answer has that of
/// its request.
enum DoorSocket {
    /// A packet.
    struct Packet {
        let number: UInt32
        let bytes: [UInt8]
        /// A descriptor that came with it, which the receiver closes.
        let descriptor: Int32?
    }

    /// The size of the number.
    private static let numberSize = MemoryLayout<UInt32>.size

    /// Makes both ends; they are closed in programs that are started.
    static func pair() throws(Failure) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw Failure(.other, "no pair of sockets can be made: \(SystemErrorCode.current)")
        }
        return (ends[0], ends[1])
    }

    /// Sends a packet; returns whether it was sent.
    static func send(_ number: UInt32, _ bytes: [UInt8], with descriptor: Int32? = nil, on socket: Int32) -> Bool {
        let packet = withUnsafeBytes(of: number, Array.init) + bytes
        return twiliofs_send_message(socket, packet, packet.count, descriptor ?? -1) != 0
    }

    /// Receives a packet; nil at the end, and for a packet that is too long or too short.
    static func receive(_ socket: Int32) -> Packet? {
        var bytes = [UInt8](repeating: 0, count: numberSize + DoorMessage.limit)
        var descriptor: Int32 = -1
        let count = twiliofs_receive_message(socket, &bytes, bytes.count, &descriptor)
        guard count > numberSize else {
            if descriptor >= 0 { close(descriptor) }
            return nil
        }
        let number = bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
        return Packet(
            number: number, bytes: Array(bytes[numberSize..<count]), descriptor: descriptor >= 0 ? descriptor : nil)
    }

    /// Waits until a packet or the end can be received; returns false if the deadline comes first.
    static func wait(for socket: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = max(.zero, deadline - .now)
            var request = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            let result = poll(&request, 1, Int32(min(left, .seconds(3600)) / .milliseconds(1)))
            if result > 0 { return true }
            if result == 0, ContinuousClock.now >= deadline { return false }
            if result < 0, errno != EINTR { return true }
        }
    }
}

/// The mount's end of the socket to one doorkeeper process: one question at a time, and each with a deadline.
///
/// The process may be held up for good, by a file on a disk that is gone. Then the first question is given up at its
/// deadline, and later ones at once, until it has answered. An answer that comes too late is discarded, with the file
/// that it brings.
final class DoorLine: Sendable {
    private struct State {
        var last: UInt32 = 0
        /// The deadline of the last question, if that has no answer yet.
        var deadline: ContinuousClock.Instant?
    }

    /// The descriptor of this end.
    let socket: Int32
    private let state = Locked(State())

    /// The process at the other end, if it was started by this one.
    let processID: Int32?

    /// Takes over a socket.
    init(socket: Int32, processID: Int32? = nil) {
        self.socket = socket
        self.processID = processID
    }

    deinit { close(socket) }

    /// Asks, and waits for the answer; a returned descriptor is the caller's.
    ///
    /// - Returns: ``DoorMessage/Answer/failed(_:)`` with `ETIMEDOUT` if there is none in time, with `EPIPE` if the
    ///   process has ended.
    func ask(
        _ request: DoorMessage.Request, within patience: Duration
    ) -> (answer: DoorMessage.Answer, descriptor: Int32?) {
        state.withLock { state in
            if state.deadline != nil {
                switch outcome(&state) {
                case .packet(let late): if let descriptor = late.descriptor { close(descriptor) }
                case .failed(let number): return (.failed(number), nil)
                }
            }
            state.last &+= 1
            guard DoorSocket.send(state.last, request.bytes, on: socket) else { return (.failed(EPIPE), nil) }
            state.deadline = .now + patience
            switch outcome(&state) {
            case .packet(let packet): return Self.checked(packet)
            case .failed(let number): return (.failed(number), nil)
            }
        }
    }

    /// What has come of a question.
    private enum Outcome {
        case packet(DoorSocket.Packet)
        case failed(Int32)
    }

    /// Waits for the answer to the last question until its deadline.
    private func outcome(_ state: inout State) -> Outcome {
        guard let deadline = state.deadline else { return .failed(EPROTO) }
        while DoorSocket.wait(for: socket, until: deadline) {
            guard let packet = DoorSocket.receive(socket) else { return .failed(EPIPE) }
            guard packet.number == state.last else {
                if let descriptor = packet.descriptor { close(descriptor) }
                continue
            }
            state.deadline = nil
            return .packet(packet)
        }
        return .failed(ETIMEDOUT)
    }

    private static func checked(_ packet: DoorSocket.Packet) -> (answer: DoorMessage.Answer, descriptor: Int32?) {
        let answer = DoorMessage.Answer(packet.bytes)
        guard let descriptor = packet.descriptor else { return (answer ?? .failed(EPROTO), nil) }
        switch answer {
        case .done, .started: return (answer ?? .done, descriptor)
        default:
            close(descriptor)
            return (.failed(EPROTO), nil)
        }
    }
}
