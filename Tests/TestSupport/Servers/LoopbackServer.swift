/// An HTTP/1.1 server on loopback that sends the answers of a test, one request a connection.
///
/// For answers that no faithful simulator would give.
public final class LoopbackServer: Sendable {
    /// An answer.
    public struct Answer: Sendable {
        var status: Int
        var fields: [(String, String)]
        var body: [UInt8]
        var length: Int

        /// Makes an answer.
        ///
        /// - Parameter length: the length announced, if that isn't the body's: to HEAD for instance.
        public init(status: Int = 200, fields: [(String, String)] = [], body: [UInt8] = [], length: Int? = nil) {
            self.status = status
            self.fields = fields
            self.body = body
            self.length = length ?? body.count
        }
    }

    private let server: ScriptedServer

    /// Starts it.
    public init(_ answer: @escaping @Sendable (ScriptedServer.Request) -> Answer) throws {
        server = try ScriptedServer { request, connection in
            let answer = answer(request)
            connection.respond(
                answer.status, [("Connection", "close"), ("Content-Length", "\(answer.length)")] + answer.fields,
                request.method == "HEAD" ? [] : answer.body)
            connection.hangUp()
        }
    }

    /// Its address.
    public var url: String { "http://127.0.0.1:\(server.port)" }

    /// The requests so far.
    public var requests: [ScriptedServer.Request] { server.requests }

    /// Ends it and every connection.
    public func stop() {
        server.stop()
    }
}
