import CCurl
import Glibc
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("Names that lead to private addresses", .orderly)
struct PrivateAddressTests {
    /// libcurl itself knows that names under `localhost` are this machine: a name that leads to a private address, for
    /// which no name server is needed.
    private static let name = "media.localhost"

    @Test("A host whose name leads inward gets nothing, unless the user has named it")
    func refused() throws {
        // What isn't TLS shows whether a connection was made: the server is greeted.
        let server = try ScriptedServer { _, connection in connection.hangUp() }
        let address = Address(url: try url("https://\(Self.name):\(server.port)/x?signature=hunter2"))
        let patience = Patience(
            connect: .milliseconds(500), giveUp: .seconds(1), firstBackoff: .milliseconds(10),
            maximalBackoff: .milliseconds(100), outage: .zero)
        let error = try #require(failure(try makeClient(), Request(address: address, patience: patience)))
        #expect("\(error)".contains("is no address of the public Internet"), "\(error)")
        #expect("\(error)".contains("--api-url") && !"\(error)".contains("hunter2"), "\(error)")
        #expect(server.connectionCount == 0)

        var configuration = TransferClient.Configuration()
        configuration.isNamedByUser = { $0 == Self.name }
        let trusting = try TransferClient(configuration, logger: .silent)
        _ = failure(trusting, Request(address: address, patience: patience))
        #expect(server.connectionCount > 0)
    }

    @Test(
        "An address that is private itself is refused at once", arguments: ["10.0.0.1", "[fd00::1]", "169.254.169.254"])
    func literal(host: String) throws {
        // Nothing is sent, so nobody has to be there.
        let error = failure(try makeClient(), Request(address: Address(url: try url("https://\(host)/latest"))))
        #expect(error?.code == .insecureAddress, "\(String(describing: error))")
    }

    /// Keeps the end of an exchange.
    private final class Ending: ExchangeHandler {
        var error: TransferError?
        func exchangeDidConnect() {}
        func exchangeDidReceiveHead(_ head: ResponseHead) -> Bool { false }
        func exchangeDidReceive(_ bytes: RawSpan) -> Bool { false }
        func exchangeDidEnd(_ result: Result<Void, TransferError>) { error = result.failure }
    }

    @Test(
        "A refused address of a host is the error only if no other was tried",
        arguments: [
            (["10.0.0.1"], TransferError.Code.nameNotResolved), (["10.0.0.1", "54.231.0.1"], .certificateRefused),
            (["54.231.0.1", "10.0.0.1"], .certificateRefused), (["54.231.0.1"], .certificateRefused),
        ])
    func severalAddresses(tried: [String], code: TransferError.Code) throws {
        let address = Address(url: try url("https://api.twilio.com/"))
        let request = ExchangeRequest(
            method: .get, address: address, headers: [], body: [], connectTimeout: .seconds(1),
            lane: Lane(origin: try Origin(of: address.url), isMedia: false))
        let ending = Ending()
        let exchange = try Exchange(
            request, nil, longestIdleTime: .seconds(1), multi: MultiHandle(maximalConnections: 1),
            options: EasyOptions(userAgent: "tests", isNamedByUser: { _ in false }), handler: ending)
        for peer in tried { _ = exchange.mayConnect(to: PeerAddress(peer), port: 443) }
        exchange.finish(CURLE_PEER_FAILED_VERIFICATION)
        #expect(ending.error?.code == code, "\(String(describing: ending.error))")
    }

    @Test("A proxy isn't asked for a private address, and its port opens no host that is reached without it")
    func proxy() async {
        // In a process of its own, since the proxy is in the environment.
        await #expect(processExitsWith: .success) {
            let proxy = try ScriptedServer { _, connection in connection.respond(403) }
            setenv("https_proxy", "http://127.0.0.1:\(proxy.port)", 1)
            setenv("no_proxy", "media.localhost", 1)
            let client = try makeClient()
            var patience = Patience.short
            (patience.giveUp, patience.outage) = (.seconds(2), .zero)
            func code(of address: String) throws -> TransferError.Code? {
                failure(client, Request(address: Address(url: try url(address)), patience: patience))?.code
            }
            try #require(try code(of: "https://10.0.0.1/") == .insecureAddress)
            // Without the proxy: the name leads to this machine.
            _ = try code(of: "https://media.localhost:\(proxy.port)/")
            try #require(proxy.connectionCount == 0)
            _ = try code(of: "https://api.example/")
            try #require(proxy.requests.first?.target == "api.example:443")
        }
    }
}
