import MetricsTestKit
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("Requests over a socket", .orderly)
struct RequestTests {
    let credentials = FixedCredential(Credential(username: "AC1", password: "top secret"))
    /// base64("AC1:top secret"), made with coreutils.
    let authorization = "Basic QUMxOnRvcCBzZWNyZXQ="

    @Test("An answer arrives whole, with its head, and the request says who asks")
    func get() throws {
        let server = try ScriptedServer { _, connection in
            connection.send("HTTP/1.1 100 Continue\r\n\r\n")
            connection.respond(200, [("X-One", "1"), ("x-one", "2")], Array("hello".utf8))
        }
        let address = try server.address("/a/../b?q=1", credentials: credentials)
        let response = try makeClient().sendAndWait(Request(address: address))
        #expect(response.body == Array("hello".utf8) && response.head.status == 200)
        #expect(response.head.headers["X-ONE"] == "1" && response.head.contentLength == 5)
        let request = try #require(server.requests.first)
        #expect(request.method == "GET" && request.target == "/a/../b?q=1")
        #expect(request["Authorization"] == authorization)
    }

    @Test("POST, DELETE and HEAD are what they say")
    func methods() throws {
        let server = try ScriptedServer { request, connection in
            switch request.method {
            case "POST": connection.respond(201, [], request.body.reversed())
            case "HEAD": connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
            default: connection.respond(204)
            }
        }
        let client = try makeClient()
        let address = try server.address()
        let made = try client.sendAndWait(Request(method: .post, address: address, body: [1, 2, 0, 3]))
        #expect(made.head.status == 201 && made.body == [3, 0, 2, 1])
        let nothing = try client.sendAndWait(Request(method: .post, address: address))
        #expect(nothing.body.isEmpty && server.requests.last?["Content-Length"] == "0")
        #expect(server.requests.allSatisfy { $0["Expect"] == nil })
        let removed = try client.sendAndWait(Request(method: .delete, address: address))
        #expect(removed.head.status == 204 && removed.body.isEmpty)
        let head = try client.sendAndWait(Request(method: .head, address: address))
        #expect(head.head.contentLength == 1234 && head.body.isEmpty)
    }

    @Test("The credential goes to its own origin and to no other, not even after the way leads back")
    func redirects() throws {
        let other = try ScriptedServer { request, connection in
            let back = request.target.dropFirst()
            connection.respond(302, [("Location", "http://127.0.0.1:\(back)/end")])
        }
        let first = try ScriptedServer { [port = other.port] request, connection in
            switch request.target {
            case "/start": connection.respond(301, [("Location", "middle")], Array("moved".utf8))
            case "/middle":
                let back = request["Host"]?.split(separator: ":").last ?? ""
                connection.respond(307, [("Location", "http://127.0.0.1:\(port)/\(back)")])
            default: connection.respond(200, [], Array("end".utf8))
            }
        }
        let request = Request(address: try first.address("/start", credentials: credentials))
        let response = try makeClient().sendAndWait(request)
        #expect(response.body == Array("end".utf8))
        #expect(response.head.address == (try first.address("/end")))
        #expect(first.requests.map { $0["Authorization"] } == [authorization, authorization, nil])
        #expect(other.requests.map { $0["Authorization"] } == [nil])
    }

    @Test("A redirect is reported where that is asked for, and no more than five are followed")
    func redirectPolicy() throws {
        let server = try ScriptedServer { request, connection in
            let next = (Int(request.target.dropFirst()) ?? 0) + 1
            next > 9 ? connection.respond(200) : connection.respond(302, [("Location", "/\(next)")], [1])
        }
        let client = try makeClient()
        let report = try client.sendAndWait(Request(address: try server.address("/1"), redirects: .report))
        #expect(report.head.status == 302 && report.head.headers["Location"] == "/2" && report.body == [1])
        #expect(try client.sendAndWait(Request(address: try server.address("/5"))).head.status == 200)
        let before = server.requests.count
        #expect(failure(client, Request(address: try server.address("/1")))?.code == .tooManyRedirects)
        #expect(server.requests.count == before + 6)
    }

    @Test(
        "A redirect may not leave for plain http elsewhere, another protocol, nowhere or user information",
        arguments: [
            ("http://example.com/", TransferError.Code.insecureAddress), ("ftp://127.0.0.1/", .invalidAddress),
            ("file:///etc/passwd", .invalidAddress), ("https://user:word@127.0.0.1/", .invalidAddress),
            ("http://", .invalidAddress), ("http://127.0.0.1:99999/", .invalidAddress),
        ])
    func badRedirects(location: String, code: TransferError.Code) throws {
        let server = try ScriptedServer { _, connection in connection.respond(302, [("Location", location)]) }
        let error = failure(try makeClient(), Request(address: try server.address()))
        #expect(error?.code == code, "\(String(describing: error))")
    }

    @Test(
        "Addresses that may not be asked are refused before anything is sent",
        arguments: [
            ("http://example.com/", TransferError.Code.insecureAddress), ("http://10.0.0.1/", .insecureAddress),
            ("http://127.0.0.1.example.com/", .insecureAddress), ("ftp://127.0.0.1/", .invalidAddress),
            ("https://user@127.0.0.1/", .invalidAddress), ("https:///path", .invalidAddress),
        ])
    func badAddresses(text: String, code: TransferError.Code) throws {
        let error = failure(try makeClient(), Request(address: Address(url: try url(text))))
        #expect(error?.code == code, "\(String(describing: error))")
    }

    @Test("What passes by itself is repeated for reading, and only when nothing was done for changing")
    func repeats() throws {
        for status in [408, 425, 429, 500, 502, 503, 504] {
            for method in [Request.Method.get, .head, .post, .delete] {
                let server = try ScriptedServer { request, connection in
                    if request.index == 0 {
                        // A HEAD has no body, whatever it announces.
                        connection.respond(status, [], request.method == "HEAD" ? [] : [1])
                    } else {
                        connection.respond(200)
                    }
                }
                let isRepeated = method == .get || method == .head || status == 429
                let request = Request(method: method, address: try server.address(), patience: .short)
                let error = failure(try makeClient(), request)
                #expect((error == nil) == isRepeated, "\(method) \(status): \(String(describing: error))")
                #expect(server.requests.count == (isRepeated ? 2 : 1))
                server.stop()
            }
        }
    }

    @Test(
        "Refusals that stay are told at once, with the start of their body",
        arguments: [400, 401, 403, 404, 405, 410, 416, 501])
    func refusals(status: Int) throws {
        let server = try ScriptedServer { _, connection in
            connection.respond(status, [], [UInt8](repeating: 65, count: 200_000))
        }
        let error = failure(try makeClient(), Request(address: try server.address(credentials: credentials)))
        #expect(error?.code == .status && error?.status == status)
        #expect(error?.response?.body == [UInt8](repeating: 65, count: 64 << 10))
        #expect(server.requests.count == 1)
    }

    @Test("A broken POST isn't sent again, not even by the library on a connection that had died")
    func brokenPost() throws {
        let server = try ScriptedServer { request, connection in
            if request.method == "GET" { return connection.respond(200) }
            connection.hangUp()
        }
        let client = try makeClient()
        _ = try client.sendAndWait(Request(address: try server.address()))
        let error = failure(client, Request(method: .post, address: try server.address(), body: [1]))
        #expect(error?.code == .connectionLost)
        #expect(server.requests.filter { $0.method == "POST" }.count == 1)
    }

    @Test("Retry-After is waited for", arguments: ["1", "Sun, 06 Nov 1994 08:49:38 GMT"])
    func retryAfter(value: String) throws {
        let server = try ScriptedServer { request, connection in
            guard request.index == 0 else { return connection.respond(200) }
            connection.respond(429, [("Retry-After", value), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")])
        }
        let start = ContinuousClock.now
        let address = try server.address(credentials: credentials)
        let response = try makeClient().sendAndWait(Request(address: address, patience: .short))
        let elapsed = start.duration(to: .now)
        #expect(response.head.status == 200 && elapsed >= .seconds(1), "\(elapsed)")
    }

    @Test("A Retry-After beyond patience ends at once")
    func retryAfterTooLong() throws {
        let server = try ScriptedServer { _, connection in connection.respond(503, [("Retry-After", "3600")]) }
        let metrics = TestMetrics()
        let client = try makeClient(metrics: metrics)
        let error = failure(client, Request(address: try server.address(), patience: .short))
        #expect(error?.code == .deadlineExceeded && error?.status == 503)
        #expect(error?.message == "A pause of 120 s was requested, which is too long to wait.")
        #expect(server.requests.count == 1 && metrics.retries == 0, "it didn't wait")
    }

    @Test(
        "An announced length that is none isn't taken for an unknown one: the answer is refused and repeated",
        arguments: [
            "Content-Length: -1", "Content-Length: 18446744073709551616", "Content-Length: abc", "Content-Length: 3x",
            "Content-Length: 1125899906842625", "Content-Length: 3\r\nContent-Length: 4", "Content-Length:",
        ], [200, 206, 503])
    func invalidLength(line: String, status: Int) throws {
        let server = try ScriptedServer { request, connection in
            guard request.index == 0 || request.method == "POST" else {
                return connection.serve(Array("xyz".utf8), to: request)
            }
            connection.send("HTTP/1.1 \(status) X\r\n\(line)\r\nContent-Range: bytes 0-2/3\r\n\r\nabc")
            connection.hangUp()
        }
        let client = try makeClient()
        let record = download(client, try server.address(), range: .bytes(0..<3))
        #expect(record.isSuccess && record.bytes == Array("xyz".utf8), "\(record.results)")
        #expect(server.requests.count == 2)
        // What changes something isn't asked for again.
        let error = failure(client, Request(method: .post, address: try server.address(), patience: .short))
        #expect(error?.code == .protocolViolation, "\(String(describing: error))")
        #expect(server.requests.count == 3)
    }

    @Test("A pause for media holds back neither the API nor another host")
    func pausesApart() throws {
        let busy = try ScriptedServer { request, connection in
            guard request.target == "/media" else { return connection.respond(200, [], [1]) }
            connection.respond(429, [("Retry-After", "9223372036854775807")])
        }
        let idle = try ScriptedServer { _, connection in connection.respond(200, [], [2]) }
        let client = try makeClient()
        let media = download(client, try busy.address(credentials: credentials), patience: .short)
        #expect(media.error?.status == 429)
        // The transfer thread publishes its numbers after it has answered.
        let isPaused = eventually { client.statistics.limiter.pause > .seconds(100) }
        #expect(isPaused && client.statistics.limiter.pause <= .seconds(120))
        #expect(client.statistics.hosts.map(\.name) == ["127.0.0.1:\(busy.port)"])
        let list = Request(address: try busy.address("/list", credentials: credentials), patience: .short)
        #expect(try client.sendAndWait(list).body == [1])
        #expect(download(client, try idle.address(credentials: credentials)).bytes == [2])
        // And it does hold back what it is for: at once, however long its patience is.
        let late = download(client, try busy.address("/other", credentials: credentials), patience: .media)
        let message = late.error?.message ?? ""
        #expect(message.hasPrefix("127.0.0.1:\(busy.port) requested a pause, of which 1"), "\(message)")
        #expect(late.error?.code == .deadlineExceeded && late.error?.fields["host"] == "127.0.0.1")
        #expect(busy.requests.count == 2)
    }

    @Test("A pause that begins ends those that wait in the queue and can't wait as long")
    func pauseOfQueued() throws {
        let isAnswered = Condition(false)
        let busy = try ScriptedServer { _, connection in
            isAnswered.waitUntil(timeout: .seconds(20)) { $0 }
            connection.respond(429, [("Retry-After", "3600")])
        }
        let client = try makeClient(connections: 1)
        let address = try busy.address(credentials: credentials)
        let recorders = (0..<4).map { _ in Recorder() }
        for (index, recorder) in recorders.enumerated() {
            client.download(DownloadRequest(priority: index == 3 ? .background : .reader), from: address, to: recorder)
        }
        #expect(eventually { client.statistics.waiting.values.reduce(0, +) == 3 })
        isAnswered.change { $0 = true }
        let errors = recorders.map { $0.wait().error }
        #expect(errors[0]?.status == 429)
        for error in errors.dropFirst() {
            #expect(error?.message.contains("requested a pause") == true, "\(String(describing: error))")
        }
        #expect(busy.requests.count == 1)
    }

    @Test("More than the limit is refused, announced or not")
    func bodyLimit() throws {
        let server = try ScriptedServer { request, connection in
            if request.target == "/chunked" {
                connection.send(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n01234567890123456789\r\n0\r\n\r\n")
            } else {
                connection.respond(200, [], pattern(20))
            }
        }
        let client = try makeClient()
        for path in ["/chunked", "/announced"] {
            let error = failure(client, Request(address: try server.address(path), bodyLimit: 19))
            #expect(error?.code == .bodyTooLarge, "\(path)")
            let whole = try client.sendAndWait(Request(address: try server.address(path), bodyLimit: 20))
            #expect(whole.body.count == 20)
        }
    }

    @Test("A truncated answer is asked for again from its start")
    func truncated() throws {
        let server = try ScriptedServer { request, connection in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\(request.index == 0 ? "abc" : "abcdef")")
            if request.index == 0 { connection.hangUp() }
        }
        let response = try makeClient().sendAndWait(Request(address: try server.address(), patience: .short))
        #expect(response.body == Array("abcdef".utf8) && server.requests.last?["Range"] == nil)
    }

    @Test("An answer that never stops coming, a byte now and then, ends when patience does", arguments: [200, 503])
    func trickles(status: Int) throws {
        let server = try ScriptedServer { _, connection in
            connection.send("HTTP/1.1 \(status) X\r\nContent-Length: 100000\r\n\r\n")
            connection.trickle(pattern(100_000), microseconds: 50_000)
        }
        var patience = Patience.short
        patience.giveUp = .seconds(2)
        let answer = Condition<Result<Response, TransferError>?>(nil)
        let client = try makeClient()
        client.send(Request(address: try server.address(), patience: patience)) { result in
            answer.change { $0 = result }
        }
        let result = try #require(answer.wait(timeout: .seconds(30)) { $0 }, "it has no end")
        let error = try #require(result.failure)
        #expect(error.code == .deadlineExceeded, "\(error)")
        let cause = error.cause as? TransferError
        #expect(status == 503 ? cause?.status == 503 : cause?.code == .stalled, "\(error)")
        #expect(server.requests.count > 1)
    }

    @Test("A port where nobody listens is an error that says so, within patience")
    func cannotConnect() throws {
        let server = try ScriptedServer { _, _ in }
        let address = try server.address()
        server.stop()
        var patience = Patience.short
        // Time for one attempt, also on a busy machine.
        patience.giveUp = .seconds(1)
        let error = failure(try makeClient(), Request(address: address, patience: patience))
        #expect(error?.code == .hostUnreachable || (error?.cause as? TransferError)?.code == .cannotConnect)
    }

    @Test("What isn't HTTP is no answer")
    func notHTTP() throws {
        let server = try ScriptedServer { _, connection in
            connection.send("SSH-2.0-OpenSSH_9.2\r\n")
            connection.hangUp()
        }
        var patience = Patience.short
        patience.giveUp = .milliseconds(200)
        let error = failure(try makeClient(), Request(address: try server.address(), patience: patience))
        #expect(error != nil && error?.code != .status)
    }
}
