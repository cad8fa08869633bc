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
