import CLinux
import Envelope
import Glibc
import Support

/// One end of the pair of sockets between mount process and key process, which keeps the limits of messages.
struct MessageSocket: Sendable {
    let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Makes both ends; they are closed in programs that are started.
    static func pair() throws(SystemError) -> (MessageSocket, MessageSocket) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SystemError("no sockets can be made") }
        return (MessageSocket(ends[0]), MessageSocket(ends[1]))
    }

    /// Waits until a message or the end can be received; returns false if the deadline comes first.
    func waitForMessage(until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = max(.zero, deadline - .now)
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let result = poll(&request, 1, Int32(min(left, .seconds(3600)) / .milliseconds(1)))
            if result > 0 || result < 0 && errno != EINTR { return true }
            if ContinuousClock.now >= deadline { return false }
        }
    }

    /// Waits for a message, which is in the buffer until that is used again.
    ///
    /// - Returns: The message; nil at the end.
    func receive(_ buffer: SecretBuffer) throws(SystemError) -> UnsafeRawBufferPointer? {
        let flags = Int32(MSG_TRUNC)
        let count = uninterrupted { recv(descriptor, buffer.bytes.baseAddress, buffer.count, flags) }
        // One that is too long is the work of another program.
        guard count >= 0, count <= buffer.count else { throw SystemError("a message can't be received") }
        return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
    }

    /// Waits for a message, as ``receive(_:)`` does, and takes the descriptor that comes with it.
    func receiveWithDescriptor(
        _ buffer: SecretBuffer
    ) throws(SystemError) -> (message: UnsafeRawBufferPointer, descriptor: Int32?)? {
        var opened: Int32 = -1
        let count = twiliofs_receive_message(descriptor, buffer.bytes.baseAddress, buffer.count, &opened)
        guard count >= 0 else { throw SystemError("a message can't be received") }
        // A packet may be empty, as the end is.
        guard count > 0 else { return nil }
        return (UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count]), opened >= 0 ? opened : nil)
    }

    /// Sends a request with its descriptor, if there is one; waits for room.
    func send(_ request: KeyRequest) throws(SystemError) {
        let buffer = SecretBuffer(count: KeyRequest.largestSize)
        guard let count = try? request.write(to: buffer.bytes) else {
            throw SystemError("a message can't be sent", EMSGSIZE)
        }
        let message = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
        if let descriptor = request.descriptor {
            try send(message, with: descriptor)
        } else {
            try send(message)
        }
    }

    /// Sends a message with a descriptor, which stays open here; waits for room.
    private func send(_ message: UnsafeRawBufferPointer, with opened: Int32) throws(SystemError) {
        guard twiliofs_send_message(descriptor, message.baseAddress, message.count, opened) != 0 else {
            throw SystemError("a message can't be sent")
        }
    }

    /// Sends a message.
    ///
    /// - Parameter waits: Whether to wait for room.
    func send(_ message: UnsafeRawBufferPointer, waits: Bool = true) throws(SystemError) {
        let flags = Int32(MSG_NOSIGNAL) | (waits ? 0 : Int32(MSG_DONTWAIT))
        let count = uninterrupted { Glibc.send(descriptor, message.baseAddress, message.count, flags) }
        guard count == message.count else { throw SystemError("a message can't be sent") }
    }

    /// Ends both directions; whoever waits for a message gets the end.
    func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Closes this end.
    func close() { Glibc.close(descriptor) }
}
