import Foundation
import TestSupport
import Testing

/// A certificate authority of one's own, with a certificate for `localhost`, made by OpenSSL's command.
final class CertificateAuthority {
    /// The folder that holds everything: `ca.pem`, `server.pem`, `server.key`.
    let folder: String
    /// The authority's certificate.
    var path: String { "\(folder)/ca.pem" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("transfer-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try openssl(
            ["req", "-x509"] + curve + ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Own", "-days", "2"])
        try openssl(
            ["req", "-x509"] + curve
                + [
                    "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-addext", "basicConstraints=critical,CA:FALSE",
                ])
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func openssl(_ arguments: [String]) throws {
        try Command.require(["/usr/bin/openssl"] + arguments, directory: folder)
    }
}

/// `openssl s_server`: with `-WWW` it serves the files of the authority's folder over TLS, with `-www` a page about the
/// connection.
final class TLSServer {
    private let process: RunningCommand
    let port: Int

    init(_ authority: CertificateAuthority, mode: String = "-WWW") throws {
        process = try RunningCommand(
            [
                "/usr/bin/openssl", "s_server", "-accept", "127.0.0.1:0", mode, "-cert", "server.pem", "-key",
                "server.key",
            ], directory: authority.folder)
        // It prints "ACCEPT 127.0.0.1:40211" when it listens.
        let process = process
        var line: Substring?
        _ = eventually {
            let text = String(decoding: process.output, as: UTF8.self)
            line = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .last { $0.hasPrefix("ACCEPT") }
            return line != nil
        }
        port = try #require(line?.split(separator: ":").last.flatMap { Int($0) }, "\(process.errorText)")
    }
}
