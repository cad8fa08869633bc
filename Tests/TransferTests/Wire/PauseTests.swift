import FoundationEssentials
import MetricsTestKit
import Support
import TestSupport
import Testing
import TwilioSimulator

@testable import Transfer

@Suite("Downloads that are paused", .orderly)
struct PauseTests {
    /// The address of an account's only recording.
    private static func recording(_ account: SimulatedAccount) throws -> Address {
        let sid = try #require(try account.originals().keys.first)
        return Address(
            url: try url("\(account.simulator.apiURL)/2010-04-01/Accounts/\(account.sid)/Recordings/\(sid).wav"),
            credentials: FixedCredential(
                Credential(username: account.sid, password: account.simulator.credentials.authToken)))
    }

    @Test("A pause keeps bytes back for longer than any patience; then the rest comes over the same connection")
    func pause() throws {
        let media = TestMedia.signed(TestMedia.noise(3_000_000, seed: 5), as: "wav")
        let folder = try TemporaryFolder()
        try folder.folder("recordings/unencrypted")
        try media.write(to: folder.url.appending(path: "recordings/unencrypted/a.wav"))
        let account = try SimulatedAccount(media: folder.url)
        let metrics = TestMetrics()
        let client = try makeClient(metrics: metrics)
        let patience = Patience(
            stall: .seconds(1), giveUp: .seconds(2), firstBackoff: .milliseconds(1), maximalBackoff: .milliseconds(20))
        let isOpen = Locked(false)
        let pauses = Locked(0)
        let recorder = Recorder(flow: { count in
            guard count >= 1_000_000, !isOpen.withLock({ $0 }) else { return .proceed }
            pauses.withLock { $0 += 1 }
            return .pause
        })
        let task = client.download(
            DownloadRequest(patience: patience), from: try Self.recording(account), to: recorder)
        try wait(until: "it is paused") { pauses.withLock { $0 } > 0 }
        let before = recorder.soFar.bytes.count
        // Another download runs out of the same patience meanwhile.
        let silent = try ScriptedServer { _, connection in connection.stall() }
        #expect(download(client, try silent.address(), patience: patience).error?.code == .deadlineExceeded)
        #expect(recorder.soFar.bytes.count == before && recorder.soFar.results.isEmpty)
        #expect(pauses.withLock { $0 } == 1, "it isn't asked again until it is resumed")
        isOpen.withLock { $0 = true }
        task.resume()
        let record = recorder.wait()
        #expect(record.isSuccess && record.bytes == Array(media), "\(record.results) \(record.violations)")
        #expect(account.mediaRequests.count == 1)
        #expect(metrics.receivedBytes == Int64(media.count), "bytes count when they are taken")
    }

    @Test(
        "Each piece can be paused, with and without an announced length, even resumed before it is",
        arguments: [true, false])
    func eachPiece(hasLength: Bool) throws {
        let resource = pattern(400_000)
        let isStarted = Condition(false)
        let server = try ScriptedServer { _, connection in
            isStarted.waitUntil { $0 }
            guard !hasLength else { return connection.respond(200, [], resource) }
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in stride(from: 0, to: resource.count, by: 50_000) {
                let piece = Array(resource[start..<min(start + 50_000, resource.count)])
                connection.send(Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8))
            }
            connection.send("0\r\n\r\n")
        }
        let task = Locked<TransferTask?>(nil)
        let paused = Locked<Set<Int>>([])
        let recorder = Recorder(flow: { count in
            guard paused.withLock({ $0.insert(count).inserted }) else { return .proceed }
            task.withLock { $0 }?.resume()
            return .pause
        })
        let client = try makeClient()
        let started = client.download(DownloadRequest(patience: .short), from: try server.address(), to: recorder)
        task.withLock { $0 = started }
        isStarted.change { $0 = true }
        let record = recorder.wait()
        #expect(record.isSuccess && record.bytes == resource, "\(record.results) \(record.violations)")
        #expect(paused.withLock { $0.count } > 3 && server.requests.count == 1)
    }

    @Test("A connection that breaks during a pause is noticed after it, and the download goes on behind what has come")
    func breaks() throws {
        let resource = pattern(400_000)
        let isBroken = Condition(false)
        let server = try ScriptedServer { request, connection in
            connection.serve(resource, to: request, upTo: request.index == 0 ? 200_000 : .max)
            guard request.index == 0 else { return }
            connection.hangUp()
            isBroken.change { $0 = true }
        }
        let isOpen = Locked(false)
        let isPaused = Locked(false)
        let recorder = Recorder(flow: { count in
            guard count >= 100_000, !isOpen.withLock({ $0 }) else { return .proceed }
            isPaused.withLock { $0 = true }
            return .pause
        })
        let client = try makeClient()
        let task = client.download(DownloadRequest(patience: .short), from: try server.address(), to: recorder)
        try wait(until: "it is paused") { isPaused.withLock { $0 } }
        isBroken.waitUntil { $0 }
        isOpen.withLock { $0 = true }
        task.resume()
        let record = recorder.wait()
        #expect(record.isSuccess && record.bytes == resource, "\(record.results) \(record.violations)")
        #expect(server.requests.count == 2 && server.requests.last?.range?.first ?? 0 >= 100_000)
    }

    @Test("A paused download can be cancelled, by its task and by the client's end", arguments: [true, false])
    func cancelled(byTask: Bool) throws {
        let resource = pattern(400_000)
        let server = try ScriptedServer { request, connection in connection.serve(resource, to: request) }
        let isPaused = Locked(false)
        let recorder = Recorder(flow: { _ in
            isPaused.withLock { $0 = true }
            return .pause
        })
        let client = try makeClient()
        let task = client.download(DownloadRequest(), from: try server.address(), to: recorder)
        try wait(until: "it is paused") { isPaused.withLock { $0 } }
        if byTask { task.cancel() } else { client.shutDown() }
        let record = recorder.wait()
        #expect(record.error?.code == .cancelled && record.bytes.isEmpty && record.violations.isEmpty)
        // It has ended, so that nothing is left to go on.
        task.resume()
        if byTask { #expect(download(client, try server.address()).bytes == resource) }
    }

    @Test("A download that has all it wants from bytes that were kept back ends well, although more would come")
    func endsWhileResuming() throws {
        let resource = pattern(400_000)
        let isStarted = Condition(false)
        let server = try ScriptedServer { request, connection in
            isStarted.waitUntil { $0 }
            // The second answer, to a request for the rest, is the whole.
            guard request.index == 0 else { return connection.respond(200, [("ETag", "\"one\"")], resource) }
            connection.serve(resource, to: request, upTo: 100_000)
            connection.hangUp()
        }
        let task = Locked<TransferTask?>(nil)
        let paused = Locked<Set<Int>>([])
        let recorder = Recorder(flow: { count in
            guard count > 0, paused.withLock({ $0.insert(count).inserted }) else { return .proceed }
            task.withLock { $0 }?.resume()
            return .pause
        })
        let client = try makeClient()
        let started = client.download(
            DownloadRequest(range: .bytes(0..<200_000), patience: .short), from: try server.address(), to: recorder)
        task.withLock { $0 = started }
        isStarted.change { $0 = true }
        let record = recorder.wait()
        #expect(record.isSuccess && record.bytes == Array(resource.prefix(200_000)), "\(record.results)")
        #expect(server.requests.count == 2)
        #expect(download(client, try server.address("/next")).bytes == resource)
    }

    @Test("A receiver that cancels when kept bytes arrive ends its download once")
    func cancelledWhileResuming() throws {
        let resource = pattern(400_000)
        let isOver = Condition(false)
        // The first answer doesn't end before the transfer is over.
        let server = try ScriptedServer { request, connection in
            guard request.index == 0 else { return connection.serve(resource, to: request) }
            connection.serve(resource, to: request, upTo: 200_000)
            isOver.waitUntil { $0 }
        }
        let task = Locked<TransferTask?>(nil)
        let pauses = Locked(0)
        let recorder = Recorder(
            onReceive: { _ in task.withLock { $0 }?.cancel() },
            flow: { _ in
                pauses.withLock { $0 += 1 }
                return pauses.withLock { $0 } == 1 ? .pause : .proceed
            })
        let client = try makeClient()
        let started = client.download(DownloadRequest(), from: try server.address(), to: recorder)
        task.withLock { $0 = started }
        try wait(until: "it is paused") { pauses.withLock { $0 } == 1 }
        started.resume()
        let record = recorder.wait()
        isOver.change { $0 = true }
        #expect(record.error?.code == .cancelled && record.violations.isEmpty, "\(record.results)")
        #expect(download(client, try server.address()).bytes == resource)
    }
}
