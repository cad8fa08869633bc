import Foundation
import TestSupport
import Testing

/// `openssl s_server`: with `-WWW` it serves the files of the authority's folder over TLS, with `-www` a page about the
/// connection.
final class TLSServer {
    private let process: RunningCommand
    let port: Int

    init(_ authority: CertificateAuthority, mode: String = "-WWW") throws {
        let process = try RunningCommand(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", mode, "-cert", "server.pem", "-key", "server.key"],
            directory: authority.folder.url.path)
        // It prints "ACCEPT 127.0.0.1:40211" when it listens.
        var found: Int?
        try wait(until: "OpenSSL's server listens") {
            let lines = String(decoding: process.output, as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false)
            found = lines.dropLast().last { $0.hasPrefix("ACCEPT") }?.split(separator: ":").last.flatMap { Int($0) }
            return found != nil
        }
        self.process = process
        port = try #require(found)
    }
}
