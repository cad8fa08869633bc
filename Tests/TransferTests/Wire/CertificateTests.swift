import Foundation
import TestSupport
import Testing

@testable import Transfer

@Suite("Certificates, with OpenSSL on the other side", .orderly)
struct CertificateTests {
    @Test("A certificate of an authority of one's own is accepted with its file and refused, finally, without it")
    func authorities() throws {
        let authority = try CertificateAuthority()
        let contents = pattern(50_000)
        try Data(contents).write(to: URL(fileURLWithPath: "\(authority.folder)/media"))
        let server = try TLSServer(authority)

        let trusting = try makeClient(authorities: authority.path)
        let address = Address(url: try url("https://localhost:\(server.port)/media"))
        #expect(try trusting.sendAndWait(Request(address: address)).body == contents)

        let start = ContinuousClock.now
        let strange = try makeClient()
        let refusal = failure(strange, Request(address: address))
        #expect(refusal?.code == .certificateRefused && refusal?.message.contains("--ca-file") == true)
        // The certificate is for a name, and this isn't it.
        let other = Address(url: try url("https://127.0.0.1:\(server.port)/media"))
        #expect(failure(trusting, Request(address: other))?.code == .certificateRefused)
        #expect(start.duration(to: .now) < .seconds(2), "not repeated")
    }
}
