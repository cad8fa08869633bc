import Foundation
import Testing

@testable import Transfer

/// A directory that is removed with the object.
private final class ScratchDirectory {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("transfer-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// `openssl s_server`, which serves the files of a directory over TLS.
private final class TLSServer {
    private let process = Process()
    let port: Int

    init(in directory: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = ["s_server", "-accept", "127.0.0.1:0", "-WWW", "-cert", "server.pem", "-key", "server.key"]
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
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

@Suite("Certificates, with OpenSSL on the other side")
struct CertificateTests {
    private func openssl(_ arguments: [String], in directory: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
    }

    @Test("A certificate of an authority of one's own is accepted with its file and refused, finally, without it")
    func authorities() throws {
        let directory = try ScratchDirectory()
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try openssl(
            ["req", "-x509"] + curve + ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Own", "-days", "2"],
            in: directory.path)
        try openssl(
            ["req", "-x509"] + curve
                + [
                    "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-addext", "basicConstraints=critical,CA:FALSE",
                ],
            in: directory.path)
        let contents = pattern(50_000)
        try Data(contents).write(to: URL(fileURLWithPath: "\(directory.path)/media"))
        let server = try TLSServer(in: directory.path)

        let trusting = try makeClient(authorities: "\(directory.path)/ca.pem")
        let address = Address(url: try url("https://localhost:\(server.port)/media"))
        #expect(try trusting.sendAndWait(Request(address: address)).body == contents)

        let start = ContinuousClock.now
        let strange = try makeClient()
        #expect(failure(strange, Request(address: address))?.code == .certificateRefused)
        // The certificate is for a name, and this isn't it.
        let other = Address(url: try url("https://127.0.0.1:\(server.port)/media"))
        #expect(failure(trusting, Request(address: other))?.code == .certificateRefused)
        #expect(start.duration(to: .now) < .seconds(2), "not repeated")
    }
}
