import ArgumentParser
import Foundation
import Glibc
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import twiliofs

@Suite("Files with secrets", .orderly)
struct SecretReaderTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func file(_ bytes: [UInt8], mode: mode_t = 0o600) throws -> String {
        let path = folder.path("secret")
        try Data(bytes).write(to: URL(filePath: path))
        chmod(path, mode)
        return path
    }

    @Test(
        "A token is found with byte order marks, line ends and blanks around it",
        arguments: [
            "secret", "secret\n", "secret\r\n", " \tsecret  \r\n\r\n", "\n\nsecret\nsecond line\n",
            "\u{A0}secret\u{A0}\n",
        ])
    func token(_ text: String) throws {
        for text in [text, "\u{FEFF}" + text] {
            #expect(try SecretReader().text(file(Array(text.utf8)), what: "token") == "secret")
        }
    }

    @Test("A token is found in what PowerShell writes, UTF-16", arguments: [[0xFF, 0xFE], [0xFE, 0xFF]] as [[UInt8]])
    func utf16(_ mark: [UInt8]) throws {
        var bytes = mark
        for unit in "secret\r\n".utf8 { bytes += mark[0] == 0xFF ? [unit, 0] : [0, unit] }
        #expect(try SecretReader().text(file(bytes), what: "token") == "secret")
    }

    @Test("A file without a secret in it, or in another encoding, is refused by name")
    func unusable() throws {
        let cases: [([UInt8], String)] = [
            ([], "empty"), (Array(" \r\n\n".utf8), "empty"), ([0xEF, 0xBB, 0xBF], "empty"),
            ([0xFF, 0xFE, 0x3A, 0x26], "UTF-16"), ([0xFF, 0xFE, 0x3A], "UTF-16"),
            ([UInt8](repeating: 65, count: 70_000), "too large"),
            // NUL, where libcurl's texts end; Latin-1; half a character; a terminal's sequence; UTF-16 without a mark.
            (Array("sec\0ret\n".utf8), "isn't a text"), ([0x73, 0xE9, 0x63], "isn't a text"),
            (Array("secret".utf8) + [0xC3], "isn't a text"), (Array("\u{1B}[2Jsecret".utf8), "isn't a text"),
            ("secret".utf8.flatMap { [$0, 0] }, "isn't a text"),
            // A key, a line of a list, JSON.
            (Array("-----BEGIN PRIVATE KEY-----\nMIIE\n".utf8), "several words"),
            (Array("SK\(String(repeating: "1", count: 32)) secret\n".utf8), "several words"),
            (Array(#"{"profiles": {}}"#.utf8), "several words"),
        ]
        for (bytes, word) in cases {
            let path = try file(bytes)
            let failure = #expect(throws: Failure.self) { try SecretReader().text(path, what: "token") }
            #expect(failure?.code == .credentials)
            #expect(failure?.message.contains(path) == true && failure?.message.contains(word) == true)
        }
    }

    @Test("A list of credentials with other bytes than a text has is refused")
    func damagedList() throws {
        let account = "AC" + String(repeating: "1", count: 32)
        for bytes in [Array("\(account) tok\0en\n".utf8), Array("\(account) token".utf8) + [0xFF]] {
            let path = try file(bytes)
            let failure = #expect(throws: Failure.self) {
                try CredentialList.read(path, what: "credentials", of: .account)
            }
            #expect(failure?.code == .credentials && failure?.message.contains("isn't a text") == true)
        }
    }

    @Test("Links that lead nowhere, or to themselves, are told with the reason")
    func links() throws {
        for (target, reason) in [("absent", "No such file"), ("link", "symbolic links")] {
            let path = folder.path("link")
            unlink(path)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.path(target))
            let failure = #expect(throws: Failure.self) { try SecretReader().text(path, what: "token") }
            #expect(failure?.message.contains(path) == true && failure?.message.contains(reason) == true)
        }
    }

    @Test("A file that others can read is warned of by name, or refused", arguments: [0o640, 0o604, 0o620, 0o644])
    func permissions(_ mode: mode_t) throws {
        let path = try file(Array("secret\n".utf8), mode: mode)
        let warnings = Locked<[String]>([])
        let reader = SecretReader(warn: { sentence in warnings.withLock { $0.append(sentence) } })
        #expect(try reader.text(path, what: "token") == "secret")
        #expect(warnings.withLock { $0 }.count == 1)
        #expect(warnings.withLock { $0 }.first?.contains("chmod 600 \(path)") == true)
        let failure = #expect(throws: Failure.self) { try SecretReader(isStrict: true).text(path, what: "token") }
        #expect(failure?.code == .credentials)
        #expect(failure?.message.contains("chmod 600 \(path)") == true)
    }

    @Test(
        "A path is told as one word of the shell",
        arguments: [
            ("/home/ada/key.pem", "/home/ada/key.pem"), ("/my keys/a.pem", "'/my keys/a.pem'"), ("$HOME", "'$HOME'"),
            ("it's", #"'it'\''s'"#), ("/schlüssel", "/schlüssel"), ("", "''"),
        ])
    func shellWord(path: String, word: String) {
        #expect(path.shellWord == word)
    }

    @Test("A file that nobody else can read is not warned of", arguments: [0o600, 0o400, 0o700])
    func goodPermissions(_ mode: mode_t) throws {
        let path = try file(Array("secret\n".utf8), mode: mode)
        let warnings = Locked<[String]>([])
        let reader = SecretReader(isStrict: true, warn: { sentence in warnings.withLock { $0.append(sentence) } })
        #expect(try reader.text(path, what: "token") == "secret")
        #expect(warnings.withLock(\.isEmpty))
    }

    @Test(
        "A file of another user is warned of by name and owner, or refused",
        .enabled(if: getuid() == 0, "needs root"))
    func owner() throws {
        let path = try file(Array("secret\n".utf8))
        chown(path, 65534, 0)
        let warnings = Locked<[String]>([])
        let reader = SecretReader(warn: { sentence in warnings.withLock { $0.append(sentence) } })
        #expect(try reader.text(path, what: "token") == "secret")
        let told = warnings.withLock { $0 }
        #expect(told.count == 1 && told.first?.contains("'\(path)'") == true && told.first?.contains("65534") == true)
        let failure = #expect(throws: Failure.self) { try SecretReader(isStrict: true).text(path, what: "token") }
        #expect(failure?.message == told.first)
        // Credentials of subaccounts may be read by nobody else, the file's owner included.
        #expect(throws: Failure.self) { try CredentialList.read(path, what: "credentials", of: .subaccount) }
        chmod(path, 0o644)
        #expect(try reader.text(path, what: "token") == "secret")
        #expect(warnings.withLock { $0 }.count == 3, "both are told")
    }

    @Test("A pipe is read to its end, however slowly it is written")
    func pipe() throws {
        let path = folder.path("pipe")
        mkfifo(path, 0o600)
        let writer = try RunningCommand(
            ["sh", "-c", #"exec >"$0"; for part in se cr et; do printf $part; sleep 0.1; done"#, path])
        #expect(try SecretReader().text(path, what: "token") == "secret")
        #expect(try writer.wait().end == .exited(0))
    }

    @Test("A pipe to which nobody writes is given up, and so is one that is never closed")
    func silentPipe() throws {
        let path = folder.path("pipe")
        mkfifo(path, 0o600)
        let reader = SecretReader(patience: .milliseconds(200))
        let failure = #expect(throws: Failure.self) { try reader.text(path, what: "token") }
        #expect(failure?.message.contains(path) == true)
        let writer = open(path, O_RDWR | O_CLOEXEC)
        defer { close(writer) }
        #expect(write(writer, "secret\n", 7) == 7)
        #expect(throws: Failure.self) { try reader.text(path, what: "token") }
    }

    @Test("A folder, a device and a socket are refused for what they are")
    func otherTypes() throws {
        for (path, word) in [(folder.url.path, "directory"), ("/dev/zero", "neither"), ("/dev/null", "neither")] {
            let failure = #expect(throws: Failure.self) { try SecretReader().text(path, what: "token") }
            #expect(failure?.message.contains(path) == true && failure?.message.contains(word) == true)
        }
    }

    @Test("Twilio's variables, and SIDs on the command line, may have blanks and line ends around them")
    func environment() throws {
        let account = "AC" + String(repeating: "0", count: 32)
        let configuration = try AccountConfiguration(
            AccountOptions.parse(["--api-key", " SK\(String(repeating: "1", count: 32))\r\n"]),
            environment: Environment([
                "TWILIO_ACCOUNT_SID": "\u{FEFF}\(account)\r\n", "TWILIO_API_SECRET": " secret\r",
                "TWILIO_REGION": " \n",
            ]))
        #expect(configuration.account.description == account)
        let key = "SK" + String(repeating: "1", count: 32)
        #expect(configuration.login == Credential(username: key, password: "secret"))
        #expect(configuration.region == nil)
    }

    @Test("The file with credentials of subaccounts may begin with a byte order mark")
    func subaccounts() throws {
        let account = "AC" + String(repeating: "1", count: 32)
        let path = try file([0xEF, 0xBB, 0xBF] + Array("\(account) token \r\n".utf8))
        #expect(try CredentialList.read(path, what: "credentials", of: .subaccount).count == 1)
    }

    @Test("A name without a slash means a service's credential where there is one, else a file in this folder")
    func serviceCredentials() throws {
        let path = try file(Array("secret\n".utf8))
        let reader = SecretReader(credentialsFolder: folder.url.path)
        #expect(reader.file(named: "secret") == path)
        #expect(try reader.text("secret", what: "token") == "secret")
        for name in ["absent", "./secret", path, ""] { #expect(reader.file(named: name) == name) }
        #expect(SecretReader().file(named: "secret") == "secret")
    }

    @Test("A name that is in neither place is told with both; a path is told alone")
    func absentCredential() throws {
        let reader = SecretReader(credentialsFolder: folder.url.path)
        for (name, isNamed) in [("absent", true), (CacheFolder.absolute("absent"), true), ("/no/absent", false)] {
            let failure = #expect(throws: Failure.self) { try reader.text(name, what: "token") }
            #expect(failure?.message.contains("No such file") == true)
            #expect(failure?.message.contains("no 'absent' in $CREDENTIALS_DIRECTORY") == isNamed, "\(name)")
            let alone = #expect(throws: Failure.self) { try SecretReader().text(name, what: "token") }
            #expect(alone?.message.contains("CREDENTIALS_DIRECTORY") == false)
        }
    }

    @Test(
        "What systemd gives a service with an access list isn't taken for readable by others",
        .enabled(if: getuid() == 0, "needs root"))
    func accessList() throws {
        let path = try file(Array("secret\n".utf8), mode: 0o440)
        let reader = SecretReader(isStrict: true, credentialsFolder: folder.url.path)
        #expect(try reader.text("secret", what: "token") == "secret")
        #expect(try reader.text(path, what: "token") == "secret")
        #expect(throws: Failure.self, "elsewhere") { try SecretReader(isStrict: true).text(path, what: "token") }
        for mode in [0o444, 0o460, 0o404] as [mode_t] {
            chmod(path, mode)
            #expect(throws: Failure.self, "\(mode)") { try reader.text(path, what: "token") }
        }
        chmod(path, 0o440)
        chown(path, 0, 1)
        #expect(throws: Failure.self, "another group") { try reader.text(path, what: "token") }
    }
}
