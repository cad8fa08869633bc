import ArgumentParser
import Credentials
import Foundation
import Glibc
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import twiliofs

@Suite("Files with secrets that are replaced badly", .orderly)
struct ReplacedSecretTests {
    private let folder: TemporaryFolder
    private let log = RecordedLog()

    init() throws {
        folder = try TemporaryFolder()
    }

    private func token(in path: String, by rereading: Rereading) throws -> FileValue<String> {
        try SecretReader(rereading: rereading).value("token", in: path) { (reader, path) throws(Failure) in
            try reader.text(path, what: "token")
        }
    }

    @Test("A pipe or a folder in a file's place is refused at once, and the other files are read")
    func otherTypes() throws {
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let path = try folder.secretFile("token", "first")
        let values = try [
            token(in: path, by: rereading), token(in: folder.secretFile("other", "first"), by: rereading),
        ]
        for (text, reason) in [("second", "is a pipe"), ("third", "is a directory")] {
            unlink(path)
            #expect((text == "second" ? mkfifo(path, 0o600) : mkdir(path, 0o700)) == 0)
            try folder.secretFile("other", text)
            rereading.readAll()
            // Sooner than the pipe would be given up.
            try wait(until: "the other file is read", within: 30) { values[1].current == text }
            #expect(log.lines.contains { $0.contains("'\(path)' stays as it was") && $0.contains(reason) })
            #expect(values[0].current == "first")
        }
    }

    @Test("A file that is written in place is right when it is written, whatever was read of it meanwhile")
    func writtenInPlace() throws {
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let path = try folder.secretFile("token", "first")
        let value = try token(in: path, by: rereading)
        func readIfChanged() throws {
            let done = Awaited<Bool>()
            rereading.readIfChanged([value]) { done.add($0) }
            _ = try done.value()
        }
        let script = #"for text in "" sec second; do printf %s "$text" >"$0"; sleep 0.05; done"#
        let writer = try RunningCommand(["sh", "-c", script, path])
        while writer.isRunning {
            try readIfChanged()
            #expect(["first", "sec", "second"].contains(value.current))
        }
        try readIfChanged()
        #expect(value.current == "second")
        #expect(log.lines.allSatisfy { $0.contains("has changed") || $0.contains("is empty") }, "\(log.lines)")
    }

    @Test("The file of a profile that is for another account, region or key than before is told or followed")
    func profile() throws {
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let (account, other) = ("AC" + String(repeating: "1", count: 32), "AC" + String(repeating: "2", count: 32))
        let (key, newKey) = ("SK" + String(repeating: "3", count: 32), "SK" + String(repeating: "4", count: 32))
        func write(_ account: String, _ key: String, region: String = "ie1") throws {
            let profile = ["accountSid": account, "apiKey": key, "apiSecret": "secret", "region": region]
            let text = String(decoding: try JSONEncoder().encode(["profiles": ["live": profile]]), as: UTF8.self)
            try folder.secretFile("config.json", text)
        }
        try write(account, key)
        let configuration = try AccountConfiguration(
            AccountOptions.parse(["--profile", "live"]),
            environment: Environment(["TWILIO_CONFIG_DIR": folder.url.path]),
            secrets: SecretReader(rereading: rereading))
        #expect(configuration.login?.username == key)
        for (time, change) in [(other, "ie1"), (account, "au1")].enumerated() {
            try write(change.0, newKey, region: change.1)
            rereading.readAll()
            try wait(until: "the log tells") {
                log.lines.count { $0.contains("another account or region") } == time + 1
            }
            #expect(configuration.login?.username == key)
        }
        try write(account, newKey)
        rereading.readAll()
        try wait(until: "the other key is used") { configuration.login?.username == newKey }
    }

    @Test("The log names the list of video's credentials that was replaced, and the account that it lost")
    func list() throws {
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let account = "AC" + String(repeating: "1", count: 32)
        let path = try folder.secretFile("video", "\(account) first\n")
        let credentials = try KindCredentials(
            SubaccountOptions.parse(["--video-credentials", path]), account: #require(SID(account)),
            secrets: SecretReader(rereading: rereading))
        func replace(by text: String, isTold line: String) throws {
            try folder.secretFile("video", text)
            rereading.readAll()
            try wait(until: "the log tells") { log.lines.contains(line) }
        }
        try replace(
            by: "# nobody\n",
            isTold:
                "error: the list of credentials of video in '\(path)' stays as it was: it has no line for \(account)"
                + " any more")
        try replace(
            by: "\(account) second\n",
            isTold: "notice: the list of credentials of video in '\(path)' was read again and has changed")
        #expect(credentials.video != nil)
    }
}
