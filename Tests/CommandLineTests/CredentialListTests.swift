import ArgumentParser
import Foundation
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import twiliofs

@Suite("Files with the credentials of accounts", .orderly)
struct CredentialListTests {
    private let folder: TemporaryFolder
    private let first = "AC" + String(repeating: "1", count: 32)
    private let second = "AC" + String(repeating: "2", count: 32)
    private let key = "SK" + String(repeating: "3", count: 32)

    init() throws {
        folder = try TemporaryFolder()
    }

    private func file(_ text: String, mode: mode_t = 0o600, named name: String = "credentials") throws -> String {
        let file = try folder.file(name, text)
        chmod(file, mode)
        return file
    }

    private func read(_ text: String, mode: mode_t = 0o600) throws -> [SID: Credential] {
        try CredentialList.read(file(text, mode: mode), what: "credentials", of: .subaccount)
    }

    /// The credentials of the options, with the first account mounted.
    private func kindCredentials(_ words: String...) throws -> KindCredentials {
        try KindCredentials(SubaccountOptions.parse(words), account: #require(SID(first)))
    }

    @Test("A line has a token, or an API key and its secret; comments and empty lines say nothing")
    func lines() throws {
        let found = try read("# ours\n\n\(first) token\r\n  \(second)\t\(key)  secret  \n   # \(first) x\n")
        #expect(found.count == 2)
        #expect(found[try #require(SID(first))] == Credential(username: first, password: "token"))
        #expect(found[try #require(SID(second))] == Credential(username: key, password: "secret"))
        #expect(try read("").isEmpty)
    }

    @Test("What makes no sense is refused with its line, and without what stands there")
    func refused() throws {
        for line in [
            "hidden", "hidden \(first)", first, "\(first) \(key)", "\(first) hidden hidden", "\(first) \(key) hidden x",
            "\(key) hidden", "\(second) hidden",
        ] {
            let failure = #expect(throws: Failure.self) { try read("\(second) token\n\(line)\n") }
            #expect(failure?.code == .credentials)
            #expect(failure?.message.contains("line 2 of '\(folder.path("credentials"))'") == true)
            #expect(failure?.message.contains("hidden") == false)
        }
    }

    @Test("A file that others can read, and one that isn't there, are refused")
    func unsafeFile() throws {
        for mode in [0o640, 0o604, 0o620] as [mode_t] {
            let failure = #expect(throws: Failure.self) { try read("\(first) token\n", mode: mode) }
            #expect(failure?.code == .credentials)
            #expect(failure?.message.contains("chmod 600") == true)
        }
        let failure = #expect(throws: Failure.self) {
            try CredentialList.read(folder.path("absent"), what: "credentials", of: .account)
        }
        #expect(failure?.message.contains("No such file") == true)
    }

    @Test("Credentials of subaccounts are of no use without --subaccounts, which is said")
    func withoutSubaccounts() throws {
        let failure = #expect(throws: Failure.self) { try kindCredentials("--subaccount-credentials", "x") }
        #expect(failure?.code == .configuration)
        #expect(failure?.message.contains("--subaccounts") == true)
        #expect(try kindCredentials().subaccounts == nil)
        #expect(try kindCredentials("--subaccounts").subaccounts?.isEmpty == true)
    }

    @Test("The mounted account's line in --video-credentials is for its video, the others for their accounts'")
    func video() throws {
        let both = try file("\(first) \(key) secret\n\(second) token\n")
        let alone = try kindCredentials("--video-credentials", both)
        #expect(alone.video != nil)
        #expect(alone.subaccounts == nil, "other lines serve other mounts")
        let together = try kindCredentials("--video-credentials", both, "--subaccounts")
        #expect(together.video != nil)
        #expect(together.subaccounts.map { $0.keys.map(\.description) } == [second])
        let others = try kindCredentials(
            "--video-credentials", file("\(second) token\n", named: "others"), "--subaccounts")
        #expect(others.video == nil, "its own credentials reach its video")
    }

    @Test("A file without the mounted account's line is refused, as is an account that both files name")
    func uselessVideo() throws {
        let others = try file("\(second) hidden\n")
        for words in [
            ["--video-credentials", others], ["--subaccounts", "--video-credentials", try file("", named: "empty")],
        ] {
            let failure = #expect(throws: Failure.self) {
                try KindCredentials(SubaccountOptions.parse(words), account: #require(SID(first)))
            }
            #expect(failure?.code == .credentials)
            #expect(failure?.message.contains("no line for the account \(first)") == true)
        }
        let failure = #expect(throws: Failure.self) {
            try kindCredentials(
                "--subaccounts", "--video-credentials", others, "--subaccount-credentials",
                file("\(second) other\n", named: "own"))
        }
        #expect(failure?.code == .configuration)
        #expect(failure?.message.contains("both name \(second)") == true)
    }
}
