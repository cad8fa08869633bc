import Glibc
import Support

/// An HTTP/1.1 server on loopback whose every answer is written, byte by byte, by the test that uses it.
///
/// It has nothing in common with the client but the socket: requests are parsed by hand and kept as they came.
public final class ScriptedServer: Sendable {
    /// A request as it came over the wire.
    public struct Request: Sendable {
        /// `GET` for instance.
        public let method: String

        /// Path and query.
        public let target: String

        /// The header fields in their order.
        public let fields: [(name: String, value: String)]

        /// The body, empty where there is none.
        public let body: [UInt8]

        /// The number of the connection that it came over, counted from 0.
        public let connection: Int

        /// The number of requests that the server had before it.
        public let index: Int

        /// The value of the first header field of a name, in whatever case.
        public subscript(name: String) -> String? {
            fields.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        /// The `Range` field's offsets, for `bytes=a-b` and `bytes=a-`.
        public var range: (first: Int, last: Int?)? {
            guard let value = self["Range"], value.hasPrefix("bytes=") else { return nil }
            let ends = value.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count == 2, let first = Int(ends[0]) else { return nil }
            return (first, Int(ends[1]))
        }
    }

    /// The connection that a request came over.
    public struct Connection: Sendable {
        fileprivate let descriptor: Int32

        /// Sends a text in UTF-8.
        public func send(_ text: String) { send(Array(text.utf8)) }

        /// Sends bytes.
        ///
        /// - Returns: whether the connection was still there.
        @discardableResult
        public func send(_ bytes: [UInt8]) -> Bool {
            var sent = 0
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }

        /// Sends bytes one by one, with pauses, for as long as the connection is there.
        public func trickle(_ bytes: some Sequence<UInt8>, microseconds: UInt32) {
            for byte in bytes {
                guard send([byte]) else { return }
                usleep(microseconds)
            }
        }

        /// Sends a whole answer.
        public func respond(_ status: Int, _ fields: [(String, String)] = [], _ body: [UInt8] = []) {
            var head = "HTTP/1.1 \(status) Scripted\r\n"
            for (name, value) in fields { head += "\(name): \(value)\r\n" }
            if status != 204, !fields.contains(where: { $0.0 == "Content-Length" || $0.0 == "Transfer-Encoding" }) {
                head += "Content-Length: \(body.count)\r\n"
            }
            send(Array("\(head)\r\n".utf8) + body)
        }

        /// Serves a resource as a server that knows ranges does.
        ///
        /// - Parameter limit: the number of bytes of the body after which no more are sent.
        public func serve(_ resource: [UInt8], to request: Request, tag: String = "\"one\"", upTo limit: Int = .max) {
            var fields = [("ETag", tag), ("Accept-Ranges", "bytes")]
            guard let range = request.range else {
                fields.append(("Content-Length", "\(resource.count)"))
                return respond(200, fields, Array(resource.prefix(limit)))
            }
            guard range.first < resource.count else {
                return respond(416, [("Content-Range", "bytes */\(resource.count)")])
            }
            let last = min(range.last ?? .max, resource.count - 1)
            fields.append(("Content-Range", "bytes \(range.first)-\(last)/\(resource.count)"))
            fields.append(("Content-Length", "\(last - range.first + 1)"))
            respond(206, fields, Array(resource[range.first...last].prefix(limit)))
        }

        /// Breaks the connection with a TCP reset, after what was sent has arrived.
        public func reset() {
            // A reset throws away what the peer hasn't read yet, so it is given the time to acknowledge and read it.
            usleep(15_000)
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
            hangUp()
        }

        /// Ends the connection in order.
        public func hangUp() {
            shutdown(descriptor, Int32(SHUT_RDWR))
        }

        /// Does nothing until the client hangs up or the server is stopped.
        public func stall() {
            var byte: UInt8 = 0
            while recv(descriptor, &byte, 1, 0) > 0 {}
        }
    }

    private struct State {
        var requests: [Request] = []
        var descriptors: [Int: Int32] = [:]
        var threads: [NamedThread] = []
        var connectionCount = 0
        var isStopped = false
    }

    /// Answers a request, on the thread of its connection.
    public typealias Script = @Sendable (Request, Connection) -> Void

    /// The port at which it listens.
    public let port: Int
    private let listener: Int32
    private let state = Locked(State())
    private let acceptor = Locked<NamedThread?>(nil)

    /// Starts it.
    ///
    /// A script that returns without `hangUp` keeps the connection for the next request.
    public convenience init(_ script: @escaping Script) throws {
        guard let (listener, port) = Self.bound() else { throw ServerError() }
        try self.init(listeningAt: listener, port: port, script)
    }

    /// Makes a socket with a port of its own, at which connections are refused until a server listens at it.
    public static func bound() -> (descriptor: Int32, port: Int)? {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let size = length
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        return isBound ? (listener, Int(UInt16(bigEndian: address.sin_port))) : nil
    }

    /// Starts it at a socket that `bound` made.
    public init(listeningAt listener: Int32, port: Int, _ script: @escaping Script) throws {
        guard listen(listener, 256) == 0 else { throw ServerError() }
        self.listener = listener
        self.port = port
        let state = state
        let thread = try NamedThread(name: "server") {
            Self.accept(on: listener, state, script)
        }
        acceptor.withLock { $0 = thread }
    }

    /// No socket could be made.
    public struct ServerError: Error {}

    deinit {
        stop()
    }

    /// Ends it and every connection.
    public func stop() {
        guard let acceptor = acceptor.withLock({ $0.take() }) else { return }
        let threads = state.withLock { state in
            state.isStopped = true
            for descriptor in state.descriptors.values { shutdown(descriptor, Int32(SHUT_RDWR)) }
            return state.threads
        }
        shutdown(listener, Int32(SHUT_RDWR))
        acceptor.join()
        for thread in threads { thread.join() }
        close(listener)
    }

    /// The requests so far.
    public var requests: [Request] { state.withLock { $0.requests } }

    /// The number of connections that there have been.
    public var connectionCount: Int { state.withLock { $0.connectionCount } }

    /// The number of connections that are open.
    public var openConnectionCount: Int { state.withLock { $0.descriptors.count } }

    private static func accept(on listener: Int32, _ state: Locked<State>, _ script: @escaping Script) {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            let number = state.withLock { state -> Int in
                let number = state.connectionCount
                state.connectionCount += 1
                state.descriptors[number] = descriptor
                if state.isStopped { shutdown(descriptor, Int32(SHUT_RDWR)) }
                return number
            }
            let thread = try? NamedThread(name: "connection") {
                serve(descriptor, number, state, script)
                // Under the lock, so that `stop` never shuts down a descriptor that is another one's already.
                state.withLock { state in
                    state.descriptors[number] = nil
                    _ = close(descriptor)
                }
            }
            if let thread {
                state.withLock { $0.threads.append(thread) }
            }
        }
    }

    private static func serve(_ descriptor: Int32, _ number: Int, _ state: Locked<State>, _ script: Script) {
        var pending: [UInt8] = []
        while let request = read(from: descriptor, &pending, number, state) {
            script(request, Connection(descriptor: descriptor))
        }
    }

    private static func read(
        from descriptor: Int32, _ pending: inout [UInt8], _ number: Int, _ state: Locked<State>
    ) -> Request? {
        func more(_ pending: inout [UInt8]) -> Bool {
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return false }
            pending += chunk[..<count]
            return true
        }
        let separator = Array("\r\n\r\n".utf8)
        var end = pending.firstRange(of: separator)
        while end == nil {
            guard more(&pending) else { return nil }
            end = pending.firstRange(of: separator)
        }
        guard let end else { return nil }
        let lines = String(decoding: pending[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        pending.removeSubrange(..<end.upperBound)
        let words = lines[0].split(separator: " ")
        let fields = lines.dropFirst().map { line -> (name: String, value: String) in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), String(parts[1].drop { $0 == " " }))
        }
        let length = fields.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        while pending.count < length {
            guard more(&pending) else { return nil }
        }
        let body = Array(pending[..<length])
        pending.removeSubrange(..<length)
        return state.withLock { state in
            let request = Request(
                method: String(words[0]), target: String(words[1]), fields: fields, body: body, connection: number,
                index: state.requests.count)
            state.requests.append(request)
            return request
        }
    }
}
