import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("The addresses of a transfer", .orderly)
struct TransferAddressTests {
    private let resource = simulatedResource

    @Test("Each attempt starts at the address of the source, not where it was redirected to")
    func startsOver() throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
        simulation.run(source: { _ in .success(here) }) { request, index in
            if request.address == here { return .response(302, [("Location", "/there")], [], .complete) }
            return index == 1 ? serve(request, cut: 40, .broken) : serve(request)
        }
        #expect(simulation.isSuccess && simulation.bytes == resource)
        #expect(simulation.requests.map(\.address.url.path) == ["/media", "/there", "/media", "/there"])
    }

    @Test("A 401 without credential asks for another address, one with credential is final")
    func unauthorized() throws {
        for credentials in [nil, FixedCredential(Credential(username: "u", password: "p"))] {
            let here = try address(credentials: credentials)
            var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
            simulation.renewal = { _ in (.success(false), after: .zero) }
            simulation.run(source: { _ in .success(here) }) { _, _ in .response(401, [], [], .complete) }
            #expect(simulation.error?.status == 401)
            #expect(simulation.requests.count == (credentials == nil ? 3 : 1))
        }
    }

    @Test("Progress allows a source to be asked again as often as addresses expire")
    func expiresOften() throws {
        let here = try address()
        var simulation = Simulation(TransferPlan(DownloadRequest(patience: .short)))
        simulation.run(source: { _ in .success(here) }) { request, index in
            index % 2 == 1 ? .response(403, [], [], .complete) : serve(request, cut: 30, .broken)
        }
        #expect(simulation.isSuccess && simulation.bytes == resource)
        #expect(simulation.refused.count > 5)
    }

    @Test(
        "A redirect from elsewhere to this machine or to plain http is refused",
        arguments: [
            "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://0.0.0.0/", "https://2130706433/",
            "https://0x7f.1/", "https://[::ffff:127.0.0.1]/", "https://a.localhost/", "https://localhost./",
            "http://example.com/", "//127.0.0.1/", "http://localhost/",
        ])
    func redirectsInward(location: String) throws {
        let there = try address("https://media.example.com/a")
        let error = #expect(throws: AddressError.self) { try there.redirected(to: location) }
        #expect(error?.code == .insecure, "\(error)")
    }

    @Test(
        "A relative redirect is resolved as RFC 3986 says, and what is signed stays as it is",
        arguments: [
            ("other?x=1", "https://h.example/a/other?x=1"), ("/top", "https://h.example/top"),
            ("//else.example/b", "https://else.example/b"),
            ("https://s3.example/k%2Fv?sig=a%2Bb%3D", "https://s3.example/k%2Fv?sig=a%2Bb%3D"),
            ("?q=2", "https://h.example/a/b?q=2"), ("https://s3.example/a b", "https://s3.example/a%20b"),
        ])
    func resolves(location: String, expected: String) throws {
        #expect(try address("https://h.example/a/b?q=1").redirected(to: location).url.absoluteString == expected)
    }

    @Test(
        "The credential stays with its origin: another scheme, host or port is another one",
        arguments: [
            ("https://h.example/x", true), ("https://H.EXAMPLE:443/x", true), ("https://h.example:8443/x", false),
            ("https://other.example/x", false), ("https://h.example.evil.example/x", false), ("/x", true),
        ])
    func credentialStays(location: String, stays: Bool) throws {
        let here = try address(
            "https://h.example/", credentials: FixedCredential(Credential(username: "u", password: "p")))
        #expect((try here.redirected(to: location).credentials != nil) == stays)
    }
}
