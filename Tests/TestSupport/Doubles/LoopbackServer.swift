import Glibc
import Support

/// An HTTP/1.1 server on loopback that answers what a test tells it to, one request a connection.
///
/// For answers that no faithful simulator would give.
public final class LoopbackServer: Sendable {
    /// A request, as far as tests look at it.
    public struct Request: Sendable {
        /// `GET` for instance.
        public let method: String

        /// Path and query.
        public let target: String

        /// Header fields by lower-case name.
        public let fields: [String: String]
    }

    /// What it answers.
    public struct Answer: Sendable {
        var status: Int
        var fields: [(String, String)]
        var body: [UInt8]
        var length: Int

        /// Makes an answer.
        ///
        /// - Parameter length: the length that it tells, if that isn't the body's: to HEAD for instance.
        public init(status: Int = 200, fields: [(String, String)] = [], body: [UInt8] = [], length: Int? = nil) {
            self.status = status
            self.fields = fields
            self.body = body
            self.length = length ?? body.count
        }
    }

    /// Where it listens.
    public let url: String
    private let listener: Int32
    private let received = Locked<[Request]>([])
    private let acceptor: NamedThread

    /// Starts it.
    public init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isListening else { throw ListeningFailure() }
        self.listener = listener
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        let received = received
        acceptor = try NamedThread(name: "loopback") {
            var connections: [NamedThread] = []
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { break }
                let thread = try? NamedThread(name: "connection") {
                    Self.serve(descriptor, received, answer)
                    close(descriptor)
                }
                if let thread { connections.append(thread) }
            }
            for connection in connections { connection.join() }
        }
    }

    private struct ListeningFailure: Error {}

    /// Ends it; transfers from it have to be over.
    public func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        acceptor.join()
        close(listener)
    }

    /// What it was asked.
    public var requests: [Request] { received.withLock { $0 } }

    private static func serve(
        _ descriptor: Int32, _ received: Locked<[Request]>, _ answer: (Request) -> Answer
    ) {
        var head: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while head.firstRange(of: Array("\r\n\r\n".utf8)) == nil {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return }
            head += chunk[..<count]
        }
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
        }
        let words = lines[0].split(separator: " ").map(String.init)
        let request = Request(method: words[0], target: words[1], fields: fields)
        received.withLock { $0.append(request) }
        let result = answer(request)
        var text = "HTTP/1.1 \(result.status) Told\r\nConnection: close\r\nContent-Length: \(result.length)\r\n"
        for (name, value) in result.fields { text += "\(name): \(value)\r\n" }
        let bytes = Array("\(text)\r\n".utf8) + (request.method == "HEAD" ? [] : result.body)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }
}
