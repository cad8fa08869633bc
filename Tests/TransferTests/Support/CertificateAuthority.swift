import Foundation
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
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
    }
}

/// `openssl s_server`: with `-WWW` it serves the files of the authority's folder over TLS, with `-www` a page about the
/// connection.
final class TLSServer {
    private let process = Process()
    let port: Int

    init(_ authority: CertificateAuthority, mode: String = "-WWW") throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = ["s_server", "-accept", "127.0.0.1:0", mode, "-cert", "server.pem", "-key", "server.key"]
        process.currentDirectoryURL = URL(fileURLWithPath: authority.folder)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // It prints "ACCEPT 127.0.0.1:40211" when it listens.
        var text = ""
        while !(text.contains("ACCEPT") && text.hasSuffix("\n")) {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { break }
            text += String(decoding: data, as: UTF8.self)
        }
        let digits = text.split(separator: "\n").last { $0.hasPrefix("ACCEPT") }?.split(separator: ":").last
        port = try #require(digits.flatMap { Int($0) }, "\(text)")
    }

    deinit {
        // Not SIGTERM: the threads that tests run on block signals, and a child inherits that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
