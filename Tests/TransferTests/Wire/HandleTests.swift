import Foundation
import Support
import TestSupport
import Testing

@testable import Transfer

/// What libcurl keeps from one request to the next, and what it must not.
@Suite("Handles, connections and sessions", .orderly)
struct HandleTests {
    @Test("Answers that begin with a continued line are repeated, however often they come, and the process lives")
    func continuedFirstLine() async {
        // In a process of its own: with a handle that is used again, libcurl 7.88 writes to freed memory.
        await #expect(processExitsWith: .success) {
            let media = pattern(5000)
            for blank in ["\t", " "] {
                let server = try ScriptedServer { request, connection in
                    guard request.index % 2 == 1 else { return connection.serve(media, to: request) }
                    connection.send("HTTP/1.1 206 X\r\n\(blank)A: b\r\nContent-Length: 3\r\n\r\nabc")
                }
                let client = try makeClient()
                for _ in 0..<30 {
                    let record = download(client, try server.address(), range: .bytes(0..<5000))
                    try #require(record.isSuccess && record.bytes == media)
                }
                // All but the first had such an answer before the right one.
                try #require(server.requests.count == 59)
                client.shutDown()
                server.stop()
            }
        }
    }

    enum Excess: String, CaseIterable {
        case lineBeyondTheLibrarysBound, manyLines, manyContinuedLines, longLine, nul, manyInterimAnswers

        var head: String {
            switch self {
            case .lineBeyondTheLibrarysBound: "HTTP/1.1 200 X\r\nA: \(String(repeating: "x", count: 200 << 10))\r\n"
            case .manyLines: "HTTP/1.1 200 X\r\n" + String(repeating: "A: b\r\n", count: 5000)
            case .manyContinuedLines: "HTTP/1.1 200 X\r\nA: b\r\n" + String(repeating: " x\r\n", count: 5000)
            case .longLine: "HTTP/1.1 200 X\r\nA: \(String(repeating: "x", count: 70 << 10))\r\n"
            case .nul: "HTTP/1.1 200 X\r\nA: b\0c\r\n"
            case .manyInterimAnswers: String(repeating: "HTTP/1.1 103 X\r\n\r\n", count: 5000)
            }
        }
    }

    @Test(
        "A head beyond its bounds is a protocol violation, and repeated where nothing is changed",
        arguments: Excess.allCases)
    func boundedHead(excess: Excess) throws {
        let server = try ScriptedServer { request, connection in
            guard request.index == 0 || request.method == "POST" else { return connection.respond(200, [], [1]) }
            connection.send("\(excess.head)Content-Length: 3\r\n\r\nabc")
            connection.hangUp()
        }
        let client = try makeClient()
        let record = download(client, try server.address())
        #expect(record.isSuccess && record.bytes == [1], "\(String(describing: record.error))")
        let error = failure(client, Request(method: .post, address: try server.address(), patience: .short))
        #expect(error?.code == .protocolViolation, "\(String(describing: error))")
        #expect(server.requests.count == 3)
    }

    @Test("Trailers without end are a protocol violation, and repeated where nothing is changed")
    func boundedTrailers() throws {
        let media = Array("abcdef".utf8)
        let server = try ScriptedServer { request, connection in
            guard request.index == 0 || request.method == "POST" else { return connection.serve(media, to: request) }
            connection.send("HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n")
            connection.send(String(repeating: "A: b\r\n", count: 5000))
            connection.hangUp()
        }
        let client = try makeClient()
        let record = download(client, try server.address())
        #expect(record.isSuccess && record.bytes == media, "\(record.results)")
        let error = failure(client, Request(method: .post, address: try server.address(), patience: .short))
        #expect(error?.code == .protocolViolation, "\(String(describing: error))")
    }

    @Test("Requests one after the other share one connection")
    func keepsConnection() throws {
        let server = try ScriptedServer { request, connection in
            connection.respond(200, [], Array("\(request.index)".utf8))
        }
        let client = try makeClient()
        for index in 0..<100 {
            #expect(try client.sendAndWait(Request(address: try server.address())).body == Array("\(index)".utf8))
        }
        #expect(server.connectionCount == 1)
    }

    @Test("A new connection resumes the TLS session of an earlier one")
    func resumesSessions() throws {
        let authority = try CertificateAuthority()
        // It closes the connection after each answer, which tells whether the handshake was a full one.
        let server = try TLSServer(authority, mode: "-www")
        let client = try makeClient(authorities: authority.path)
        let address = Address(url: try url("https://localhost:\(server.port)/"))
        let handshakes = try (0..<6).map { _ in
            let page = String(decoding: try client.sendAndWait(Request(address: address)).body, as: UTF8.self)
            return page.contains("Reused, TLSv1.3") ? "resumed" : page.contains("New, TLSv1.3") ? "full" : page
        }
        #expect(handshakes == ["full"] + Array(repeating: "resumed", count: 5))
    }
}
