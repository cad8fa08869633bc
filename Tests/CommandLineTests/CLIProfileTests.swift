import ArgumentParser
import Foundation
import Glibc
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import twiliofs

@Suite("Mounting with a profile of the Twilio CLI", .orderly)
struct CLIProfileTests {
    private static func digits(_ digit: Int) -> String { String(repeating: "\(digit)", count: 32) }
    private static let accounts = (1...3).map { "AC\(digits($0))" }
    private static let keys = (1...3).map { "SK\(digits($0))" }

    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try write(active: "live")
    }

    /// Writes the file of the command line's profiles.
    private func write(active: String?, profiles: String? = nil) throws {
        let profiles =
            profiles ?? #"""
                "live":{"accountSid":"\#(Self.accounts[0])","apiKey":"\#(Self.keys[0])","apiSecret":"secret one"},
                "irish":{"accountSid":"\#(Self.accounts[1])","region":"ie1","edge":"frankfurt",
                "apiKey":"\#(Self.keys[1])","apiSecret":"secret two"}
                """#
        let active = active.map { #","activeProject":"\#($0)""# } ?? ""
        let old = #""projects":[{"id":"old","accountSid":"\#(Self.accounts[2])"}]"#
        try folder.secretFile(".twilio-cli/config.json", "{\(old),\"profiles\":{\(profiles)}\(active)}")
    }

    private func configuration(_ words: String..., adding variables: [String: String] = [:]) throws
        -> AccountConfiguration
    {
        let environment = Environment(["HOME": folder.url.path].merging(variables) { $1 })
        return try AccountConfiguration(AccountOptions.parse(words), environment: environment)
    }

    @Test("A named profile gives account, key, region and edge")
    func named() throws {
        let found = try configuration("--profile", "irish")
        #expect(found.account.description == Self.accounts[1])
        #expect(found.login == Credential(username: Self.keys[1], password: "secret two"))
        #expect(found.region == "ie1")
        #expect(found.endpoints.api.absoluteString == "https://api.frankfurt.ie1.twilio.com")
        #expect(try configuration("--profile", "live").region == nil)
    }

    @Test("A named profile precedes the environment, except for the edge, as with Twilio's own command")
    func precedence() throws {
        let variables = [
            "TWILIO_ACCOUNT_SID": Self.accounts[2], "TWILIO_API_KEY": Self.keys[2], "TWILIO_API_SECRET": "variable",
            "TWILIO_AUTH_TOKEN": "variable", "TWILIO_REGION": "au1", "TWILIO_EDGE": "singapore",
        ]
        let found = try configuration("--profile", "irish", adding: variables)
        #expect(found.account.description == Self.accounts[1])
        #expect(found.login == Credential(username: Self.keys[1], password: "secret two"))
        #expect(found.endpoints.api.absoluteString == "https://api.singapore.ie1.twilio.com")
        let without = try configuration(adding: variables)
        #expect(without.account.description == Self.accounts[2], "the environment precedes the active profile")
        let given = try configuration("--profile", "irish", "--region", "us1", "--edge", "dublin")
        #expect(given.endpoints.api.absoluteString == "https://api.dublin.us1.twilio.com")
    }

    @Test("Where nothing names an account, the active profile is used")
    func active() throws {
        #expect(try configuration().login?.username == Self.keys[0])
        try write(active: "irish")
        #expect(try configuration().account.description == Self.accounts[1])
        let other = try folder.folder("elsewhere")
        try FileManager.default.moveItem(
            atPath: folder.path(".twilio-cli/config.json"), toPath: other + "/config.json")
        #expect(try configuration(adding: ["TWILIO_CONFIG_DIR": other]).account.description == Self.accounts[1])
        let failure = #expect(throws: Failure.self) { try configuration() }
        #expect(failure?.code == .credentials && failure?.message.contains("--profile") == true)
    }

    @Test("An account that is named isn't mixed with the active profile's key")
    func namedAccount() throws {
        let found = try configuration("--account-sid", Self.accounts[2], adding: ["TWILIO_AUTH_TOKEN": "token"])
        #expect(found.login == Credential(username: Self.accounts[2], password: "token"))
    }

    @Test("Credentials besides a profile are a contradiction, told in one sentence")
    func contradiction() throws {
        for words in [["--auth-token-file", "x"], ["--api-key", Self.keys[2]], ["--client-id", "OQ1"]] {
            let failure = #expect(throws: Failure.self) {
                try AccountConfiguration(
                    AccountOptions.parse(["--profile", "live"] + words),
                    environment: Environment(["HOME": folder.url.path]))
            }
            #expect(failure?.code == .configuration && failure?.message.contains("either --profile or") == true)
        }
    }

    @Test("A profile whose secret is in the system's key ring is refused in one sentence")
    func keyRing() throws {
        let failure = #expect(throws: Failure.self) { try configuration("--profile", "old") }
        #expect(failure?.code == .credentials)
        #expect(failure?.message.contains("key ring") == true && failure?.message.contains("\n") == false)
    }

    @Test("A profile that isn't there, and one that names no account or no key, are told apart")
    func unusable() throws {
        try write(
            active: nil,
            profiles: #"""
                "nameless":{"apiKey":"\#(Self.keys[0])","apiSecret":"hidden"},
                "foreign":{"accountSid":"\#(Self.accounts[0])","apiKey":"hidden","apiSecret":"hidden"}
                """#)
        for (name, words) in [
            ("absent", "it has foreign, nameless, old"), ("nameless", "no account"), ("foreign", "SK…"),
        ] {
            let failure = #expect(throws: Failure.self) { try configuration("--profile", name) }
            #expect(failure?.code == .credentials)
            #expect(failure?.message.contains(words) == true && failure?.message.contains("hidden") == false)
        }
        try folder.file(".twilio-cli/config.json", "hidden")
        let failure = #expect(throws: Failure.self) { try configuration("--profile", "live") }
        #expect(failure?.message.contains("config.json' can't be read as profiles of the Twilio CLI") == true)
        #expect(failure?.message.contains("hidden") == false)
    }

    @Test("A region or an edge that is no name is refused, and a message has no more of the file than it needs")
    func hostile() throws {
        let names = (0..<2000).map { #""\u001b[2Jprofile \#($0)":{}"# }
        let regions = ["evil.example/", "ie1.evil", "../ie1", "ie1\\u0000"].enumerated().map {
            #""region \#($0)":{"accountSid":"\#(Self.accounts[0])","apiKey":"\#(Self.keys[0])","apiSecret":"hidden","#
                + #""region":"\#($1)"}"#
        }
        try write(active: nil, profiles: (names + regions).joined(separator: ","))
        for number in regions.indices {
            let failure = #expect(throws: Failure.self) { try configuration("--profile", "region \(number)") }
            #expect(failure?.code == .configuration && failure?.message.contains("the region") == true)
            #expect(failure?.message.contains("hidden") == false)
        }
        let failure = #expect(throws: Failure.self) { try configuration("--profile", "absent") }
        #expect(failure.map { $0.message.count < 600 && !$0.message.contains("\u{1B}") } == true)
    }

    @Test("A file that others can read is warned of, or refused, as any with a secret")
    func permissions() throws {
        chmod(folder.path(".twilio-cli/config.json"), 0o644)
        let warnings = Locked<[String]>([])
        let options = try AccountOptions.parse(["--profile", "live"])
        let environment = Environment(["HOME": folder.url.path])
        let reader = SecretReader(warn: { sentence in warnings.withLock { $0.append(sentence) } })
        _ = try AccountConfiguration(options, environment: environment, secrets: reader)
        #expect(warnings.withLock { $0 }.count == 1)
        #expect(warnings.withLock { $0.first }?.contains("chmod 600") == true)
        #expect(throws: Failure.self) {
            try AccountConfiguration(options, environment: environment, secrets: SecretReader(isStrict: true))
        }
    }
}
