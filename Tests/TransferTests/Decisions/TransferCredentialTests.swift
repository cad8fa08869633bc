import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

/// A provider whose tokens the test gives; one at a time.
private final class GivenToken: CredentialProvider {
    private let token = Locked<String?>(nil)

    init(_ text: String? = nil) { give(text) }

    func give(_ text: String?) { token.withLock { $0 = text } }

    func authorization(for request: OutgoingRequest) -> Authorization? {
        token.withLock { $0 }.flatMap { BearerToken($0) }.map { .bearer($0) }
    }
}

/// The authorization with a token.
private func bearer(_ text: String) -> Authorization? { BearerToken(text).map { .bearer($0) } }

private struct Failed: Error {}

@Suite("The credentials of a transfer", .orderly)
struct TransferCredentialTests {
    private let resource = simulatedResource

    /// A transfer of each form, with its name.
    private func simulations(_ here: Address) -> [(String, Simulation)] {
        [
            ("a download", Simulation(TransferPlan(DownloadRequest(patience: .short)), address: here)),
            ("a request", Simulation(TransferPlan(Request(address: here, patience: .short)), address: here)),
            (
                "a change",
                Simulation(TransferPlan(Request(method: .post, address: here, patience: .short)), address: here)
            ),
        ]
    }

    @Test("A transfer without a credential waits for it, and is sent when it is there")
    func missing() throws {
        let provider = GivenToken()
        let here = try address(credentials: provider)
        for (name, simulation) in simulations(here) {
            var simulation = simulation
            provider.give(nil)
            simulation.renewal = { _ in
                provider.give("new")
                return (.success(true), after: .seconds(3))
            }
            simulation.run(source: { _ in .success(here) }) { _, _ in .response(200, [], resource, .complete) }
            #expect(simulation.isSuccess && simulation.bytes == resource, "\(name)")
            #expect(simulation.renewals == [nil] && simulation.authorizations == [bearer("new")], "\(name)")
            #expect(simulation.elapsed == .seconds(3), "\(name)")
        }
    }

    @Test("A refused credential is renewed, and the request repeated once, whatever its method")
    func renewed() throws {
        let provider = GivenToken()
        let here = try address(credentials: provider)
        for (name, simulation) in simulations(here) {
            var simulation = simulation
            provider.give("old")
            simulation.renewal = { _ in
                provider.give("new")
                return (.success(true), after: .zero)
            }
            simulation.run(source: { _ in .success(here) }) { _, index in
                index == 0 ? .response(401, [], [1], .complete) : .response(200, [], resource, .complete)
            }
            #expect(simulation.isSuccess && simulation.bytes == resource, "\(name)")
            #expect(simulation.renewals == [bearer("old")], "\(name)")
            #expect(simulation.authorizations == [bearer("old"), bearer("new")], "\(name)")
            #expect(simulation.waits == [], "\(name)")
        }
    }

    @Test("A refusal of the newer credential is final, and tells that it was new")
    func final() throws {
        let provider = GivenToken("old")
        let here = try address(credentials: provider)
        for (name, simulation) in simulations(here) {
            var simulation = simulation
            simulation.renewal = { _ in (.success(true), after: .zero) }
            simulation.run(source: { _ in .success(here) }) { _, _ in .response(401, [], [1], .complete) }
            #expect(simulation.error?.status == 401 && simulation.error?.refusedForm == .bearer, "\(name)")
            #expect(simulation.requests.count == 2 && simulation.renewals.count == 1, "\(name)")
        }
    }

    @Test("A credential that may not do this (403) isn't renewed, but the error tells its form")
    func forbidden() throws {
        let here = try address(credentials: GivenToken("old"))
        for (name, simulation) in simulations(here) {
            var simulation = simulation
            simulation.renewal = { _ in (.success(true), after: .zero) }
            simulation.run(source: { _ in .success(here) }) { _, _ in .response(403, [], [1], .complete) }
            #expect(simulation.error?.status == 403 && simulation.error?.refusedForm == .bearer, "\(name)")
            #expect(simulation.renewals == [], "\(name)")
        }
    }

    @Test("A refusal is final at once when there is nothing newer")
    func nothingNewer() throws {
        let here = try address(credentials: FixedCredential(Credential(username: "u", password: "p")))
        for (name, simulation) in simulations(here) {
            var simulation = simulation
            simulation.renewal = { _ in (.success(false), after: .zero) }
            simulation.run(source: { _ in .success(here) }) { _, _ in .response(401, [], [], .complete) }
            #expect(simulation.error?.status == 401 && simulation.error?.refusedForm == .basic, "\(name)")
            #expect(simulation.error?.refusedUser == "u", "\(name)")
            #expect(simulation.requests.count == 1, "\(name)")
        }
    }

    @Test("A provider that fails ends the transfer with its error, before and after a refusal")
    func providerFails() throws {
        for token in [nil, "old"] {
            let here = try address(credentials: GivenToken(token))
            for (name, simulation) in simulations(here) {
                var simulation = simulation
                simulation.renewal = { _ in (.failure(Failed()), after: .zero) }
                simulation.run(source: { _ in .success(here) }) { _, _ in .response(401, [], [], .complete) }
                #expect(simulation.error?.code == .credentialUnavailable, "\(name)")
                #expect(simulation.error?.cause is Failed, "\(name)")
                #expect(simulation.requests.count == (token == nil ? 0 : 1), "\(name)")
            }
        }
    }

    @Test("Patience bounds the wait for a credential")
    func patience() throws {
        for token in [nil, "old"] {
            let here = try address(credentials: GivenToken(token))
            for (name, simulation) in simulations(here) {
                var simulation = simulation
                simulation.renewal = { _ in nil }
                simulation.run(source: { _ in .success(here) }) { _, _ in .response(401, [], [], .complete) }
                #expect(simulation.error?.code == .credentialUnavailable, "\(name)")
                #expect(simulation.elapsed == Patience.short.giveUp, "\(name)")
            }
        }
    }

    @Test("A provider that says it has a credential and has none isn't asked for ever")
    func unreliable() throws {
        let here = try address(credentials: GivenToken())
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)), address: here)
        simulation.renewal = { _ in (.success(true), after: .zero) }
        simulation.run(source: { _ in .success(here) }) { request, _ in serve(request) }
        #expect(simulation.error?.code == .credentialUnavailable)
        #expect(simulation.renewals.count == 2 && simulation.requests.isEmpty)
    }

    @Test("A download goes on with as many credentials as end while it makes progress")
    func manyRenewals() throws {
        let provider = GivenToken("0")
        let here = try address(credentials: provider)
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)), address: here)
        let count = Locked(0)
        simulation.renewal = { _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            provider.give("\(number)")
            return (.success(true), after: .zero)
        }
        simulation.run(source: { _ in .success(here) }) { request, index in
            index.isMultiple(of: 2) ? serve(request, cut: 40, .broken) : .response(401, [], [], .complete)
        }
        #expect(simulation.isSuccess && simulation.bytes == resource)
        #expect(simulation.renewals.count > 4)
    }

    @Test("A redirect within the origin is authorized anew, and continues where it was after a renewal")
    func redirected() throws {
        let provider = GivenToken("old")
        let here = try address(credentials: provider)
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)), address: here)
        simulation.renewal = { _ in
            provider.give("new")
            return (.success(true), after: .zero)
        }
        simulation.run(source: { _ in .success(here) }) { request, index in
            switch index {
            case 0: .response(302, [("Location", "/there")], [], .complete)
            case 1: .response(401, [], [], .complete)
            default: serve(request)
            }
        }
        #expect(simulation.isSuccess && simulation.bytes == resource)
        #expect(simulation.requests.map(\.address.url.path) == ["/media", "/there", "/there"])
        #expect(simulation.authorizations == [bearer("old"), bearer("old"), bearer("new")])
    }

    @Test("The provider decides what a refusal is")
    func ownRefusals() throws {
        final class Strict: CredentialProvider {
            let credential = Authorization.basic(Credential(username: "u", password: "p"))
            func authorization(for request: OutgoingRequest) -> Authorization? { credential }
            func isRefusal(status: Int, body: [UInt8]) -> Bool { status == 400 && body == Array("Expired".utf8) }
        }
        let here = try address(credentials: Strict())
        for (status, body, isRefused) in [(400, "Expired", true), (400, "Other", false), (401, "Expired", false)] {
            var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)), address: here)
            simulation.renewal = { _ in (.success(true), after: .zero) }
            simulation.run(source: { _ in .success(here) }) { request, index in
                index == 0 ? .response(status, [], Array(body.utf8), .complete) : serve(request)
            }
            #expect(simulation.isSuccess == isRefused, "\(status) \(body)")
            #expect(simulation.renewals.count == (isRefused ? 1 : 0), "\(status) \(body)")
        }
    }

    @Test("A cancelled transfer doesn't wait any more, and what arrives late changes nothing")
    func cancelled() throws {
        let now = SuspendingClock.now
        let here = try address(credentials: GivenToken())
        var machine = TransferStateMachine(TransferPlan(DownloadRequest()), address: here, now: now)
        _ = machine.start(now: now)
        guard case .askForCredential? = machine.credentialIsMissing(now: now).first else {
            Issue.record("no credential is asked for")
            return
        }
        guard case .end(.failure(let error))? = machine.cancel().first else {
            Issue.record("it doesn't end")
            return
        }
        #expect(error.code == .cancelled)
        #expect(machine.credentialArrived(.success(true), now: now).isEmpty)
    }
}
