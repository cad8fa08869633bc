import FoundationEssentials
import Glibc
import Logging
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("The client as a whole", .orderly)
struct ClientTests {
    enum Stage: CaseIterable { case address, queue, head, body, backoff }

    /// A source that never answers.
    struct SilentSource: AddressSource {
        func address(
            replacing refused: Address?, priority: Priority,
            completion: @escaping @Sendable (Result<Address, any Error>) -> Void
        ) {}
    }

    @Test("Cancelling ends a transfer promptly at every stage", arguments: Stage.allCases)
    func cancels(stage: Stage) throws {
        let server = try ScriptedServer { request, connection in
            switch (request.target, stage) {
            case ("/blocker", _), (_, .head): connection.stall()
            case (_, .backoff): connection.respond(503, [("Retry-After", "4")])
            default:
                connection.serve(pattern(1000), to: request, upTo: 100)
                connection.stall()
            }
        }
        let client = try makeClient(connections: 1)
        var patience = Patience.short
        patience.stall = .seconds(60)
        if stage == .queue {
            client.download(
                DownloadRequest(patience: patience), from: try server.address("/blocker"), to: Recorder())
        }
        let recorder = Recorder()
        let source: any AddressSource = stage == .address ? SilentSource() : try server.address()
        let task = client.download(DownloadRequest(patience: patience), from: source, to: recorder)
        switch stage {
        case .address: break
        case .body: #expect(recorder.wait(forBytes: 100))
        case .queue, .head, .backoff: try wait(until: "a request has come") { !server.requests.isEmpty }
        }
        usleep(20_000)
        #expect(recorder.soFar.results.isEmpty)
        task.cancel()
        task.cancel()
        let record = recorder.wait()
        #expect(record.error?.code == .cancelled && record.results.count == 1 && record.violations.isEmpty)
        if stage == .body || stage == .head {
            // The connection is closed, not only forgotten.
            try wait(until: "no connection is open") { server.openConnectionCount == 0 }
        }
    }

    @Test("Each log line of a transfer begins with the host")
    func logsHost() throws {
        let log = RecordedLog(.trace)
        let server = try ScriptedServer { request, connection in
            connection.respond(request.index == 0 ? 503 : 410)
        }
        let client = try makeClient(logger: log.logger)
        #expect(download(client, try server.address()).error?.status == 410)
        let host = "127.0.0.1:\(server.port): "
        #expect(log.lines.count == 4 && log.lines.allSatisfy { $0.contains(" \(host)") }, "\(log.lines)")
        #expect(log.lines.last == "debug: \(host)the transfer failed")
    }

    @Test("A receiver that wants no bytes ends its download")
    func receiverRefuses() throws {
        let server = try ScriptedServer { request, connection in connection.serve(pattern(1000), to: request) }
        let recorder = Recorder(onBegin: { _ in false })
        try makeClientAnd { client in
            client.download(DownloadRequest(), from: try server.address(), to: recorder)
            let record = recorder.wait()
            #expect(record.error?.code == .cancelled && record.bytes.isEmpty && record.violations.isEmpty)
        }
    }

    private func makeClientAnd(_ body: (TransferClient) throws -> Void) throws {
        let client = try makeClient()
        try body(client)
        client.shutDown()
    }

    @Test("Shutting down doesn't wait for stalled servers, ends every transfer once and can be repeated")
    func shutsDown() throws {
        let server = try ScriptedServer { request, connection in
            if request.target == "/body" { connection.serve(pattern(1000), to: request, upTo: 10) }
            connection.stall()
        }
        let client = try makeClient(connections: 6)
        // If it did, the run would end with the name of this test.
        let patience = Patience(stall: .seconds(3600), giveUp: .seconds(3600))
        var recorders: [Recorder] = []
        for number in 0..<10 {
            let recorder = Recorder()
            recorders.append(recorder)
            let address = try server.address(number % 2 == 0 ? "/body" : "/head")
            client.download(DownloadRequest(patience: patience), from: address, to: recorder)
        }
        try wait(until: "six requests have come") { server.requests.count == 6 }
        client.shutDown()
        client.shutDown()
        for recorder in recorders {
            let record = recorder.soFar
            #expect(record.error?.code == .cancelled && record.results.count == 1 && record.violations.isEmpty)
        }
        let late = Recorder()
        client.download(DownloadRequest(), from: try server.address(), to: late)
        #expect(late.soFar.error?.code == .cancelled)
    }

    @Test("A receiver may shut the client down, or be the last to let go of it")
    func shutsDownFromWithin() throws {
        let server = try ScriptedServer { request, connection in connection.serve(pattern(1000), to: request) }
        let client = try makeClient()
        let recorder = Recorder(onReceive: { _ in client.shutDown() })
        client.download(DownloadRequest(), from: try server.address(), to: recorder)
        #expect(recorder.wait().results.count == 1)
        client.shutDown()

        let holder = Locked<TransferClient?>(try makeClient())
        let last = Recorder(onReceive: { _ in holder.withLock { $0 = nil } })
        try #require(holder.withLock { $0 }).download(DownloadRequest(), from: try server.address(), to: last)
        #expect(last.wait().results.count == 1)
    }

    @Test("Waiting on the transfer thread is refused rather than waited for")
    func waitsOnItself() throws {
        let server = try ScriptedServer { request, connection in connection.serve(pattern(10), to: request) }
        let client = try makeClient()
        let address = try server.address()
        let error = Locked<TransferError?>(nil)
        let recorder = Recorder(onReceive: { _ in
            let failed = failure(client, Request(address: address))
            error.withLock { $0 = failed }
        })
        client.download(DownloadRequest(), from: address, to: recorder)
        #expect(recorder.wait().isSuccess)
        #expect(error.withLock { $0 }?.code == .invalidConfiguration)
    }

    @Test("A hundred downloads share a few connections")
    func sharesConnections() throws {
        let resource = pattern(20_000)
        let server = try ScriptedServer { request, connection in connection.serve(resource, to: request) }
        let client = try makeClient(connections: 8)
        let recorders = try (0..<100).map { number in
            let recorder = Recorder()
            let range = ByteRange.bytes(Int64(number * 100)..<Int64(number * 100 + 10_000))
            client.download(DownloadRequest(range: range), from: try server.address(), to: recorder)
            return recorder
        }
        for (number, recorder) in recorders.enumerated() {
            let record = recorder.wait()
            #expect(record.isSuccess && record.bytes == Array(resource[number * 100..<number * 100 + 10_000]))
        }
        #expect(server.requests.count == 100)
        #expect(server.connectionCount <= 8, "\(server.connectionCount) connections")
    }

    @Test("A reader overtakes read-ahead, and read-ahead background work")
    func priorities() throws {
        let gate = Condition(false)
        let server = try ScriptedServer { request, connection in
            if request.target == "/gate" { gate.waitUntil { $0 } }
            connection.respond(200)
        }
        let client = try makeClient(connections: 1)
        client.send(Request(address: try server.address("/gate"))) { _ in }
        try wait(until: "a request has come") { !server.requests.isEmpty }
        let done = Condition(0)
        for (path, priority) in [("/b", Priority.background), ("/a", .readAhead), ("/r", .reader)] {
            for number in 1...2 {
                let request = Request(address: try server.address("\(path)\(number)"), priority: priority)
                client.send(request) { _ in done.change { $0 += 1 } }
            }
        }
        try wait(until: "all of them wait") { client.statistics.waiting.values.reduce(0, +) == 6 }
        gate.change { $0 = true }
        try #require(done.waitUntil(timeout: .seconds(30)) { $0 == 6 }, "all are answered")
        #expect(server.requests.dropFirst().map(\.target) == ["/r1", "/r2", "/a1", "/a2", "/b1", "/b2"])
    }

    @Test("Read-ahead that a reader waits for overtakes other read-ahead, and a raise to a lower priority does nothing")
    func raises() throws {
        let gate = Condition(false)
        let server = try ScriptedServer { request, connection in
            if request.target == "/gate" { gate.waitUntil { $0 } }
            connection.respond(200)
        }
        let client = try makeClient(connections: 1)
        client.send(Request(address: try server.address("/gate"))) { _ in }
        try wait(until: "a request has come") { !server.requests.isEmpty }
        let done = Condition(0)
        let tasks = try [
            ("/b1", Priority.background), ("/b2", .background), ("/a1", .readAhead), ("/a2", .readAhead),
            ("/r1", .reader),
        ].map { path, priority in
            client.send(Request(address: try server.address(path), priority: priority)) { _ in done.change { $0 += 1 } }
        }
        tasks[1].raise(to: .reader)
        tasks[3].raise(to: .reader)
        for priority in [Priority.background, .readAhead] { tasks[4].raise(to: priority) }
        try wait(until: "the raised ones wait as readers") { client.statistics.waiting[.reader] == 3 }
        gate.change { $0 = true }
        try #require(done.waitUntil(timeout: .seconds(30)) { $0 == 5 }, "all are answered")
        #expect(server.requests.dropFirst().map(\.target) == ["/r1", "/b2", "/a2", "/a1", "/b1"])
        // What has ended isn't raised any more.
        tasks[0].raise(to: .reader)
        #expect(try client.sendAndWait(Request(address: try server.address("/last"))).head.status == 200)
    }

    @Test("An account that allows two at once gets all its requests answered; others aren't held back")
    func learnsLimit() throws {
        let running = Locked(0)
        let server = try ScriptedServer { request, connection in
            guard request["Authorization"] != nil else { return connection.respond(200) }
            let count = running.withLock { running -> Int in
                running += 1
                return running
            }
            usleep(3000)
            count > 2 ? connection.respond(429) : connection.respond(200)
            running.withLock { $0 -= 1 }
        }
        let client = try makeClient(connections: 32, accountRequests: 16)
        let address = try server.address(credentials: FixedCredential(Credential(username: "a", password: "b")))
        let results = Condition<[Result<Response, TransferError>]>([])
        for _ in 0..<60 {
            client.send(Request(address: address, patience: .short)) { result in
                results.change { $0.append(result) }
            }
        }
        let free = try client.sendAndWait(Request(address: try server.address()))
        #expect(free.head.status == 200)
        let all = results.wait(timeout: .seconds(15)) { $0.count == 60 ? $0 : nil } ?? []
        #expect(all.count == 60 && all.allSatisfy { $0.failure == nil }, "\(all.compactMap(\.failure))")
    }

    @Test("A file that holds no certificates is refused when the client is made")
    func badAuthorities() throws {
        for path in ["/nonexistent.pem", "/dev/null"] {
            #expect(throws: TransferError.self) { try makeClient(authorities: path) }
        }
    }
}
