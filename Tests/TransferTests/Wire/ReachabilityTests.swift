import Glibc
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("Hosts that refuse, and come back", .orderly)
struct ReachabilityTests {
    /// Patience for a host that is gone: what a list has.
    private let patience = Patience(firstBackoff: .milliseconds(10), maximalBackoff: .milliseconds(50))

    @Test("The first request finds out in a few seconds that a host refuses, those after it fail at once and say so")
    func failsFast() throws {
        let server = try ScriptedServer { _, connection in connection.respond(200) }
        let address = try server.address()
        server.stop()
        let client = try makeClient()
        let clock = ContinuousClock()
        // If it took its patience for it, the run would end with the name of this test.
        var patience = patience
        patience.giveUp = .seconds(3600)
        let first = clock.measure {
            #expect(failure(client, Request(address: address, patience: patience))?.code == .hostUnreachable)
        }
        // Until the next attempt is due, nobody is asked.
        for _ in 0..<20 {
            guard let host = client.statistics.hosts.first, host.nextAttempt > .milliseconds(500) else { break }
            let later = clock.measure {
                let error = failure(client, Request(address: address, patience: patience))
                #expect(error?.message.contains("127.0.0.1:\(server.port) can't be reached: ") == true)
                #expect(error?.message.contains("; next attempt in ") == true)
                #expect(error?.fields["host"] == "127.0.0.1")
            }
            #expect(later < first / 2, "\(later)")
        }
        let host = try #require(client.statistics.hosts.first)
        #expect(host.name == "127.0.0.1:\(server.port)" && host.failures >= 3 && host.reason != nil)
        #expect(host.breaker == .open && client.statistics.hosts.count == 1)
    }

    @Test("A name that doesn't resolve is remembered as well")
    func unknownName() throws {
        let client = try makeClient()
        let address = Address(url: try url("https://no-such-host.invalid/"))
        let error = try #require(failure(client, Request(address: address, patience: patience)))
        #expect(error.code == .hostUnreachable && error.message.contains("no-such-host.invalid can't be reached: "))
        #expect(error.message.hasSuffix("Check the network and its name server."))
    }

    @Test("Another host isn't held back")
    func otherHost() throws {
        let gone = try ScriptedServer { _, _ in }
        let address = try gone.address()
        gone.stop()
        let there = try ScriptedServer { _, connection in connection.respond(200, [], [1]) }
        let client = try makeClient()
        #expect(failure(client, Request(address: address, patience: patience)) != nil)
        #expect(try client.sendAndWait(Request(address: there.address())).body == [1])
    }

    @Test("Readers wait for a service that restarts, all of them, and it is asked once at a time until it is there")
    func restarts() throws {
        let media = pattern(10_000)
        let listener = PausedListener()
        let client = try makeClient()
        let address = Address(url: try url("http://127.0.0.1:\(listener.port)/media"))
        let recorders = (0..<20).map { _ in Recorder() }
        for recorder in recorders {
            client.download(DownloadRequest(range: .bytes(0..<10_000)), from: address, to: recorder)
        }
        #expect(eventually { client.statistics.hosts.first?.breaker == .open })
        let server = try listener.start { request, connection in connection.serve(media, to: request) }
        defer { server.stop() }
        for recorder in recorders {
            let record = recorder.wait(timeout: .seconds(40))
            #expect(record.isSuccess && record.bytes == media, "\(record.results)")
        }
        #expect(client.statistics.hosts.isEmpty)
    }
}

/// A port at which connections are refused until a server listens at it.
private final class PausedListener {
    private let descriptor: Int32
    let port: Int

    init() {
        (descriptor, port) = ScriptedServer.bound() ?? (-1, 0)
    }

    func start(_ script: @escaping ScriptedServer.Script) throws -> ScriptedServer {
        try ScriptedServer(listeningAt: descriptor, port: port, script)
    }
}
