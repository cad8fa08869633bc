import ArgumentParser
import Foundation
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import twiliofs

@Suite("The file with the credentials of subaccounts", .orderly)
struct SubaccountCredentialsTests {
    private let folder: TemporaryFolder
    private let first = "AC" + String(repeating: "1", count: 32)
    private let second = "AC" + String(repeating: "2", count: 32)
    private let key = "SK" + String(repeating: "3", count: 32)

    init() throws {
        folder = try TemporaryFolder()
    }

    private func read(_ text: String, mode: mode_t = 0o600) throws -> [SID: Credential] {
        let file = try folder.file("credentials", text)
        chmod(file, mode)
        return try SubaccountCredentials.read(file)
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
        let failure = #expect(throws: Failure.self) { try SubaccountCredentials.read(folder.path("absent")) }
        #expect(failure?.message.contains("No such file") == true)
    }

    @Test("The file is of no use without --subaccounts, which is said")
    func withoutSubaccounts() throws {
        let options = try SubaccountOptions.parse(["--subaccount-credentials", "x"])
        let failure = #expect(throws: Failure.self) { try options.credentials() }
        #expect(failure?.code == .configuration)
        #expect(failure?.message.contains("--subaccounts") == true)
        #expect(try SubaccountOptions.parse([]).credentials() == nil)
        #expect(try SubaccountOptions.parse(["--subaccounts"]).credentials()?.isEmpty == true)
    }
}
