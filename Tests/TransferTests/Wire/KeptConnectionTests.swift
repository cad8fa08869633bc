import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("Connections that are kept for further requests", .orderly)
struct KeptConnectionTests {
    @Test("When all kept connections are dead, one request finds out by one stall, and no other meets any of them")
    func deadConnections() throws {
        let media = pattern(1000)
        let kept = 5
        let arrived = Condition(0)
        let server = try ScriptedServer { request, connection in
            if request.connection >= kept { return connection.serve(media, to: request) }
            guard request.target == "/first" else { return connection.stall() }
            // None is answered before all are there, so that each has a connection.
            arrived.change { $0 += 1 }
            arrived.waitUntil { $0 == kept }
            connection.serve(media, to: request)
        }
        let client = try makeClient()
        var patience = Patience.short
        (patience.stall, patience.giveUp) = (.seconds(30), .seconds(60))
        let recorders = (0..<kept).map { _ in Recorder() }
        for recorder in recorders {
            client.download(DownloadRequest(patience: patience), from: try server.address("/first"), to: recorder)
        }
        for recorder in recorders { #expect(recorder.wait(timeout: .seconds(60)).isSuccess) }
        #expect(server.connectionCount == kept)

        // Longer than the second in which libcurl counts the age of a connection.
        patience.stall = .seconds(3)
        for _ in 0..<kept {
            let record = download(client, try server.address(), patience: patience)
            #expect(record.isSuccess && record.bytes == media, "\(record.results) \(record.violations)")
        }
        let inVain = server.requests.count { $0.target == "/media" && $0.connection < kept }
        #expect(inVain == 1)
        #expect(server.requests.count == kept + kept + 1)
    }

    @Test("After a lost connection a request has new ones, at its redirect's target as well, until there is an answer")
    func redirects() throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(range: .bytes(0..<300), patience: .short)))
        simulation.run(source: { _ in .success(here) }) { request, index in
            switch index {
            case 0: .failure(.connectionLost)
            case 1: .response(302, [("Location", "/other")], [], .complete)
            case 2: serve(request, cut: 100, .stalled)
            case 3: .response(503, [], [], .complete)
            default: serve(request)
            }
        }
        #expect(simulation.isSuccess)
        #expect(simulation.requests.map(\.needsNewConnection) == [false, true, true, true, false])
    }
}
