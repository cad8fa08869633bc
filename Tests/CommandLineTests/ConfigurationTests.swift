import ArgumentParser
import Credentials
import Foundation
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import twiliofs

@Suite("What options and environment mean", .orderly)
struct ConfigurationTests {
    private let account = "AC" + String(repeating: "0", count: 32)
    private let key = "SK" + String(repeating: "1", count: 32)

    @Test("Mount options are told apart: ours, mount(8)'s, libfuse's")
    func mountOptions() throws {
        let options = try MountOptionList([
            "ro,uid=12,gid=34,umask=027", "allow_other,nonempty,noauto,_netdev,x-systemd.automount", "noexec,noatime",
        ])
        #expect(options.user == 12)
        #expect(options.group == 34)
        #expect(options.mask == 0o027)
        #expect(options.allowsOthers)
        #expect(options.allowsContents)
        #expect(options.others == ["noatime"])
    }

    @Test(
        "Mount options that make no sense are refused",
        arguments: ["rw", "uid=", "uid=x", "gid", "umask=8", "umask=1000", "fsname=x", "subtype=x", "max_read=1"])
    func refusedMountOptions(_ option: String) {
        let failure = #expect(throws: Failure.self) { try MountOptionList([option]) }
        #expect(failure?.code == .configuration)
    }

    @Test("An empty variable counts as not set")
    func environment() {
        let environment = Environment(["A": "", "B": "b"])
        #expect(environment["A"] == nil)
        #expect(environment["B"] == "b")
        #expect(environment["C"] == nil)
    }

    @Test("Each variable may have blanks and line ends around it, as files of variables leave them")
    func blanks() throws {
        let environment = Environment([
            "CURL_CA_BUNDLE": " \r\n", "SSL_CERT_FILE": "/file.pem\r", "XDG_CACHE_HOME": "/cache \r\n",
        ])
        #expect(try AccountOptions.parse([]).certificateAuthorities(environment)?.file == "/file.pem")
        #expect(try CacheFolder.root(option: nil, environment: environment) == "/cache/twiliofs")
        let home = Environment(["HOME": "/home/ada\r"])
        #expect(try CacheFolder.root(option: nil, environment: home) == "/home/ada/.cache/twiliofs")
    }

    @Test("Authorities are --ca-file's, else CURL_CA_BUNDLE's, else SSL_CERT_FILE's, else the system's")
    func authorities() throws {
        func found(_ environment: Environment, _ words: String...) throws -> [String] {
            let found = try AccountOptions.parse(words).certificateAuthorities(environment)
            return found.map { [$0.file, $0.source] } ?? []
        }
        let both = Environment(["CURL_CA_BUNDLE": "/bundle", "SSL_CERT_FILE": "/file"])
        #expect(try found(both, "--ca-file", "/own") == ["/own", "--ca-file"])
        #expect(try found(both) == ["/bundle", "CURL_CA_BUNDLE"])
        let file = Environment(["CURL_CA_BUNDLE": "", "SSL_CERT_FILE": "/file"])
        #expect(try found(file) == ["/file", "SSL_CERT_FILE"])
        #expect(try found(Environment([:])) == [])
    }

    @Test("An API key goes before the auth token, under either name of its secret")
    func credentials() throws {
        for name in ["TWILIO_API_SECRET", "TWILIO_API_KEY_SECRET"] {
            let configuration = try AccountConfiguration(
                AccountOptions.parse([]),
                environment: Environment([
                    "TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": "token", "TWILIO_API_KEY": key, name: "secret",
                ]))
            #expect(configuration.login?.username == key)
        }
        let token = try AccountConfiguration(
            AccountOptions.parse(["--account-sid", account]),
            environment: Environment(["TWILIO_AUTH_TOKEN": "token", "TWILIO_ACCOUNT_SID": "ignored"]))
        #expect(token.login?.username == account)
    }

    @Test("A file with an API key's secret may name another key, which takes the place of the first while mounted")
    func replacedKey() throws {
        let rereading = try Rereading(logger: RecordedLog().logger)
        defer { rereading.shutDown() }
        let folder = try TemporaryFolder()
        func write(_ text: String) throws { try folder.secretFile("secret", text) }
        try write("first\n")
        let configuration = try AccountConfiguration(
            AccountOptions.parse(["--api-key", key, "--api-secret-file", folder.path("secret")]),
            environment: Environment(["TWILIO_ACCOUNT_SID": account]), secrets: SecretReader(rereading: rereading))
        #expect(configuration.login == Credential(username: key, password: "first"))
        let other = "SK" + String(repeating: "3", count: 32)
        try write("\(other) second\n")
        let outcome = Awaited<Bool>()
        configuration.credentials.renew(
            refused: .basic(Credential(username: key, password: "first")), priority: .reader
        ) { outcome.add((try? $0.get()) == true) }
        #expect(try outcome.value())
        #expect(configuration.login == Credential(username: other, password: "second"))
        // Another file in the place of the right one: the key that works stays.
        for text in [
            "-----BEGIN PRIVATE KEY-----\nMIIE\n", "\(account) third\n", "\(other) fourth \(key)\n",
        ] {
            try write(text)
            let outcome = Awaited<Bool>()
            configuration.credentials.renew(
                refused: .basic(Credential(username: other, password: "second")), priority: .reader
            ) { outcome.add((try? $0.get()) == true) }
            #expect(try !outcome.value(), "\(text)")
            #expect(configuration.login == Credential(username: other, password: "second"))
        }
    }

    private let client = "OQ" + String(repeating: "2", count: 32)

    @Test("OAuth goes before an API key, when its secret is there")
    func oauth() throws {
        var variables = [
            "TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": "token", "TWILIO_API_KEY": key,
            "TWILIO_API_SECRET": "secret", "TWILIO_CLIENT_ID": client,
        ]
        func credentials(_ words: String...) throws -> any CredentialProvider {
            try AccountConfiguration(AccountOptions.parse(words), environment: Environment(variables)).credentials
        }
        #expect(try !(credentials() is OAuthProvider), "the ID alone is no wish")
        variables["TWILIO_CLIENT_SECRET"] = "secret"
        #expect(try credentials() is OAuthProvider)
        #expect(try !(credentials("--api-key", key) is OAuthProvider), "the command line goes before the variables")
        let folder = try TemporaryFolder()
        let file = try folder.secretFile("secret", "other\n")
        #expect(try credentials("--client-secret-file", file) is OAuthProvider)
        variables["TWILIO_CLIENT_ID"] = nil
        #expect(try credentials("--client-id", client) is OAuthProvider)
    }

    @Test(
        "Half of an OAuth client, or another form of credential beside it, is refused with a remedy",
        arguments: [
            (["--client-id", "OQ1"], FailureStatus.credentials, "--client-secret-file"),
            (["--client-secret-file", "/dev/null"], .configuration, "--client-id"),
            (["--client-id", "OQ1", "--api-key", "SK1"], .configuration, "either"),
            (["--client-id", "OQ1", "--auth-token-file", "/dev/null"], .configuration, "either"),
            (["--client-id", "O Q", "--client-secret-file", "/dev/null"], .credentials, "'O Q'"),
            (["--client-id", "", "--client-secret-file", "/dev/null"], .credentials, "''"),
            (["--client-secret-file", "/dev/null", "--api-secret-file", "/dev/null"], .configuration, "either"),
            (["--client-id", "OQ1", "--client-secret-file", "/dev/null"], .credentials, "neither a file nor a pipe"),
            (["--client-id", "OQ1", "--client-secret-file", "/nowhere/x"], .credentials, "can't be read"),
            (["--client-id", "OQ1", "--profile", "x"], .configuration, "either --profile"),
            (["--oauth-url", "http://oauth.example/token"], .configuration, "OAuth address"),
            (["--oauth-url", "https://u:p@oauth.example/token"], .configuration, "user name or a password"),
            (["--oauth-url", "oauth.example"], .configuration, "OAuth address"),
        ])
    func incompleteOAuth(words: [String], status: FailureStatus, word: String) throws {
        let environment = Environment(["TWILIO_ACCOUNT_SID": account])
        let failure = #expect(throws: Failure.self) {
            try AccountConfiguration(AccountOptions.parse(words), environment: environment)
        }
        #expect(failure?.code == status && failure?.message.contains(word) == true, "\(String(describing: failure))")
    }

    @Test("Half of an OAuth client in the environment is told, unless there is another credential")
    func halfOfClient() throws {
        for (name, other) in [
            ("TWILIO_CLIENT_ID", "TWILIO_CLIENT_SECRET"), ("TWILIO_CLIENT_SECRET", "TWILIO_CLIENT_ID"),
        ] {
            var variables = ["TWILIO_ACCOUNT_SID": account, name: client]
            func configuration() throws -> AccountConfiguration {
                try AccountConfiguration(AccountOptions.parse([]), environment: Environment(variables))
            }
            let failure = #expect(throws: Failure.self) { try configuration() }
            #expect(failure?.code == .credentials && failure?.message.contains("\(other) isn't set") == true)
            variables["TWILIO_AUTH_TOKEN"] = "token"
            #expect(try configuration().login?.username == account)
        }
    }

    @Test("The secret's file is treated as other secrets: whose it is, whether it is empty, what is around the secret")
    func clientSecretFile() throws {
        let folder = try TemporaryFolder()
        let file = try folder.secretFile("secret", "")
        func read(isStrict: Bool = false) throws -> (OAuthClient?, warnings: [String]) {
            let warnings = Locked<[String]>([])
            let client = try AccountConfiguration.oauthClient(
                AccountOptions.parse(["--client-id", client, "--client-secret-file", file]),
                environment: Environment([:]),
                secrets: SecretReader(isStrict: isStrict, warn: { text in warnings.withLock { $0.append(text) } }))
            return (client?.current, warnings.withLock(\.self))
        }
        let empty = #expect(throws: Failure.self) { try read() }
        #expect(empty?.code == .credentials && empty?.message.contains("is empty") == true)
        let expected = OAuthClient(identifier: client, secret: "s+e&c")
        for text in ["s+e&c", "s+e&c\n", "\u{FEFF}\n s+e&c \r\n", "s+e&c\nanother line\n"] {
            try text.write(toFile: file, atomically: false, encoding: .utf8)
            let (found, warnings) = try read()
            #expect(found == expected && warnings.isEmpty, "\(text.debugDescription)")
        }
        chmod(file, 0o640)
        #expect(try read().warnings.contains { $0.contains("OAuth client's secret") && $0.contains("chmod 600") })
        let open = #expect(throws: Failure.self) { try read(isStrict: true) }
        #expect(open?.code == .credentials)
    }

    @Test("The service of OAuth tokens is the same in every region, and can be another one")
    func oauthAddress() throws {
        let variables = ["TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": "token"]
        for (words, address) in [
            ([], "https://oauth.twilio.com/v2/token"),
            (["--region", "ie1", "--edge", "dublin"], "https://oauth.twilio.com/v2/token"),
            (
                ["--region", "ie1", "--oauth-url", " https://oauth.dublin.ie1.twilio.com/v2/token\r"],
                "https://oauth.dublin.ie1.twilio.com/v2/token"
            ),
            (["--oauth-url", "http://127.0.0.1:8000/v2/token"], "http://127.0.0.1:8000/v2/token"),
        ] as [([String], String)] {
            let configuration = try AccountConfiguration(
                AccountOptions.parse(words), environment: Environment(variables))
            #expect(configuration.endpoints.oauth.absoluteString == address)
        }
    }

    @Test("Words of the command line may have line ends and blanks around them, as scripts from Windows leave them")
    func trimmedWords() throws {
        let environment = Environment(["TWILIO_AUTH_TOKEN": "token"])
        let urls = try AccountConfiguration(
            AccountOptions.parse([
                "--account-sid", account + "\r", "--api-url", "https://api.example.com\r",
                "--video-url", " https://video.example.com\r",
            ]), environment: environment)
        #expect(urls.endpoints.api.absoluteString == "https://api.example.com")
        #expect(urls.endpoints.video.absoluteString == "https://video.example.com")
        let region = try AccountConfiguration(
            AccountOptions.parse(["--account-sid", account, "--region", "ie1\r", "--edge", "dublin\r"]),
            environment: environment)
        #expect(region.endpoints.api.absoluteString == "https://api.dublin.ie1.twilio.com")
    }

    @Test("A region alone implies its edge")
    func region() throws {
        let configuration = try AccountConfiguration(
            AccountOptions.parse(["--region", "ie1"]),
            environment: Environment(["TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": "token"]))
        #expect(configuration.endpoints.api.absoluteString == "https://api.dublin.ie1.twilio.com")
        #expect(configuration.region == "ie1")
    }
}
