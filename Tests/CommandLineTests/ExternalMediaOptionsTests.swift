import ArgumentParser
import Foundation
import Glibc
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import twiliofs

@Suite("The options for media outside of Twilio", .orderly)
struct ExternalMediaOptionsTests {
    /// What the options and variables make.
    private static func access(_ words: [String], _ variables: [String: String] = [:]) throws -> ExternalMedia {
        try ExternalMediaOptions.parse(words).access(
            environment: Environment(variables.merging(["HOME": "/nonexistent"]) { own, _ in own }),
            secrets: SecretReader())
    }

    @Test("Rules are deny, allow, or allow with hosts")
    func rules() throws {
        #expect(try ExternalMediaRule.parse("deny").isDenied)
        #expect(try !ExternalMediaRule.parse("allow").isDenied && ExternalMediaRule.parse("allow").hosts.isEmpty)
        let hosts = ["store.example", "*.objects.example"]
        let rule = try ExternalMediaRule.parse("allow=" + hosts.joined(separator: ","))
        #expect(!rule.isDenied && rule.hosts == hosts.compactMap { HostPattern($0) })
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", "yes", "allow=", "allow=*", "allow=*.com", "allow=a.example,", "allow=https://a.example",
            "allow=a.example/b", "deny=a.example", "allow=a b", "allow=*.*.example",
        ])
    func malformed(text: String) {
        #expect(throws: (any Error).self) { try ExternalMediaOptions.parse(["--external-media", text]) }
    }

    @Test("What may not be used isn't read: a missing profile is no matter where nothing may be asked")
    func denied() throws {
        _ = try Self.access(["--external-media", "deny", "--aws-profile", "nobody"])
        let failure = #expect(throws: Failure.self) { try Self.access(["--aws-profile", "nobody"]) }
        #expect(failure?.code == .credentials)
    }

    @Test(
        "A file of the AWS tools that others can read is warned of only if an option asks for a bucket",
        arguments: [([], 0), (["--aws-profile", "default"], 1), (["--s3-endpoint", "https://storage.example"], 1)]
            as [([String], Int)])
    func readable(words: [String], count: Int) throws {
        let folder = try TemporaryFolder()
        try folder.folder(".aws")
        let file = try folder.file(
            ".aws/credentials", "[default]\naws_access_key_id = A\naws_secret_access_key = hush\n")
        chmod(file, 0o644)
        let warnings = Locked<[String]>([])
        let secrets = SecretReader(warn: { sentence in warnings.withLock { $0.append(sentence) } })
        _ = try ExternalMediaOptions.parse(words).access(
            environment: Environment(["HOME": folder.url.path]), secrets: secrets)
        #expect(warnings.withLock(\.self).count == count)
        #expect(warnings.withLock(\.self).allSatisfy { $0.contains("chmod 600") })
    }

    @Test(
        "An address that is none, or that leads over plain http to another machine, is refused",
        arguments: ["storage", "http://storage.example", "https://user:word@storage.example", "s3://bucket"])
    func endpoint(text: String) throws {
        let failure = #expect(throws: Failure.self) { try Self.access(["--s3-endpoint", text]) }
        #expect(failure?.code == .configuration)
        // The environment may have it for other programs.
        for name in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] { _ = try Self.access([], [name: text]) }
        _ = try Self.access(["--s3-endpoint", "https://storage.example"], ["AWS_ENDPOINT_URL_S3": text])
    }

    @Test("Secrets of the AWS tools are wiped from the environment")
    func secrets() {
        for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] { setenv(name, "hush", 1) }
        Environment.wipeSecrets()
        for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] { #expect(getenv(name) == nil) }
    }
}
