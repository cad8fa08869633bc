import Foundation
import MetricsTestKit
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("Certificates, with OpenSSL on the other side", .orderly)
struct CertificateTests {
    @Test("A certificate of an authority of one's own is accepted with its file and refused, finally, without it")
    func authorities() throws {
        let authority = try CertificateAuthority()
        let contents = pattern(50_000)
        try authority.folder.file("media", contents)
        let server = try TLSServer(authority)

        let metrics = TestMetrics()
        let trusting = try makeClient(authorities: authority.path, metrics: metrics)
        let address = Address(url: try url("https://localhost:\(server.port)/media"))
        #expect(try trusting.sendAndWait(Request(address: address)).body == contents)

        let retries = metrics.retries
        let strange = try makeClient(metrics: metrics)
        let refusal = failure(strange, Request(address: address))
        #expect(refusal?.code == .certificateRefused && refusal?.message.contains("--ca-file") == true)
        // The certificate is for a name, and this isn't it.
        let other = Address(url: try url("https://127.0.0.1:\(server.port)/media"))
        let mismatch = failure(trusting, Request(address: other))
        #expect(mismatch?.code == .certificateRefused)
        #expect(mismatch?.message.contains("--ca-file") == false, "which wouldn't help")
        #expect(metrics.retries == retries, "not repeated")
    }

    @Test(
        "With a file of authorities, none of the system's is trusted besides, wherever the system has it",
        .enabled(if: OwnMounts.isPossible, OwnMounts.reason))
    func replaced() throws {
        let (system, other) = (try CertificateAuthority(), try CertificateAuthority(name: "Other"))
        let server = try TLSServer(system, mode: "-www")
        // Once in the file, once in the folder, where its name is a hash.
        let folder = try TemporaryFolder()
        let certificate = Array(try Data(contentsOf: URL(filePath: system.path)))
        let hash = try Command.require(["openssl", "x509", "-hash", "-noout", "-in", system.path]).text
        try folder.file("ca-certificates.crt", certificate)
        try folder.file("\(hash.trimmingCharacters(in: .whitespacesAndNewlines)).0", certificate)
        let address = Address(url: try url("https://localhost:\(server.port)/"))
        let codes = try OwnMounts.with(folder.url.path, inPlaceOf: "/etc/ssl/certs") {
            try [nil, system.path, other.path].map { authorities in
                failure(try makeClient(authorities: authorities), Request(address: address))?.code
            }
        }
        #expect(codes == [nil, nil, .certificateRefused])
    }

    @Test("Authorities are read now and then, not for each connection")
    func cached() throws {
        let authority = try CertificateAuthority()
        // It closes the connection after each answer.
        let server = try TLSServer(authority, mode: "-www")
        let client = try makeClient(authorities: authority.path)
        let address = Address(url: try url("https://localhost:\(server.port)/"))
        #expect(failure(client, Request(address: address)) == nil)
        try FileManager.default.removeItem(atPath: authority.path)
        #expect(failure(client, Request(address: address)) == nil)
    }

    @Test("A file of authorities that can't be used is refused, with the setting that names it")
    func unusableAuthorities() {
        for path in ["/no-such-file.pem", "/dev/null"] {
            let configuration = TransferClient.Configuration(
                certificateAuthorityFile: path, certificateAuthoritySource: "SSL_CERT_FILE")
            let error = #expect(throws: TransferError.self) { try configuration.check() }
            #expect(error?.message.contains("\(path), named by SSL_CERT_FILE, ") == true)
        }
    }

    @Test(
        "The remedy is about what is wrong: the file of an authority, the clock, or who answers",
        arguments: [(20, "--ca-file"), (18, "--ca-file"), (10, "clock"), (9, "clock"), (0, "address"), (1, "address")])
    func remedy(verification: Int, word: String) {
        let words = ["--ca-file", "clock", "address"]
        let remedy = TransferError.certificateRemedy(verification: verification)
        #expect(words.filter { remedy.contains($0) } == [word], "\(remedy)")
    }
}
