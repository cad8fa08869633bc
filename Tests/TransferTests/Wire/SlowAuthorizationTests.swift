import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

/// A provider that is as slow as a process that is stopped.
private final class SlowCredential: CredentialProvider {
    private let state = Condition((asked: 0, isStopped: true))

    var takesTime: Bool { true }
    var asked: Int { state.change { $0.asked } }

    func goOn() { state.change { $0.isStopped = false } }

    func authorization(for request: OutgoingRequest) -> Authorization? {
        let number = state.change { state -> Int in
            state.asked += 1
            return state.asked
        }
        state.waitUntil { !$0.isStopped }
        return .basic(Credential(username: "u", password: "p\(number)"))
    }
}

@Suite("Authorizations that take time", .orderly)
struct SlowAuthorizationTests {
    @Test("While one request waits for its signature, others go on, and it is sent once it is signed")
    func othersGoOn() throws {
        let server = try ScriptedServer { _, connection in connection.respond(200, [], [1]) }
        let client = try makeClient()
        let provider = SlowCredential()
        let answers = Awaited<Result<Response, TransferError>>()
        var patience = Patience.short
        patience.giveUp = .seconds(60)
        let signed = Request(address: try server.address("/signed", credentials: provider), patience: patience)
        client.send(signed) { answers.add($0) }
        try wait(until: "the provider is asked") { provider.asked == 1 }
        for _ in 0..<3 {
            #expect(try client.sendAndWait(Request(address: server.address("/other"), patience: patience)).body == [1])
        }
        #expect(answers.all.isEmpty)
        provider.goOn()
        #expect(try answers.value().get().body == [1])
        #expect(server.requests.map(\.target) == ["/other", "/other", "/other", "/signed"])
        #expect(server.requests.last?["Authorization"] == "Basic dTpwMQ==")
    }

    @Test("Who waits for a signature is ended by cancelling and by patience, and a signature after that is unused")
    func ends() throws {
        let server = try ScriptedServer { _, connection in connection.respond(200, [], [1]) }
        let client = try makeClient(connections: 2)
        let provider = SlowCredential()
        let address = try server.address(credentials: provider)
        var patience = Patience.short
        patience.giveUp = .seconds(60)
        let recorder = Recorder()
        let task = client.download(DownloadRequest(patience: patience), from: address, to: recorder)
        try wait(until: "the provider is asked") { provider.asked == 1 }
        task.cancel()
        #expect(recorder.wait().error?.code == .cancelled)
        patience.giveUp = .seconds(2)
        let answers = Awaited<Result<Response, TransferError>>()
        client.send(Request(address: address, priority: .reader, patience: patience)) { answers.add($0) }
        try wait(until: "the provider is asked again") { provider.asked == 2 }
        let late = try answers.value().failure
        #expect(late?.code == .deadlineExceeded, "\(String(describing: late))")
        provider.goOn()
        patience.giveUp = .seconds(60)
        #expect(try client.sendAndWait(Request(address: address, patience: patience)).body == [1])
        // The places of both were free again, and neither was sent.
        #expect(server.requests.map { $0["Authorization"] } == ["Basic dTpwMw=="])
    }
}
