import Foundation
import Support
import TestSupport
import Testing
import Transfer

@testable import Credentials

@Suite("Where the credentials of AWS come from", .orderly)
struct AWSSourcesTests {
    /// Files of the AWS tools, and variables.
    private struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        var credentials: String?
        var settings: String?
        var variables: [String: String] = [:]
        /// The profile of the command line.
        var profile: String?

        var testDescription: String { name }
    }

    private static let environmentKey = ["AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env+/secret"]
    private static let file = """
        # a comment
        [default]
        aws_access_key_id = AKIADEFAULT
        aws_secret_access_key = default/secret=
        ; another
        [other]
        aws_access_key_id=ASIAOTHER
        aws_secret_access_key =other#secret
        aws_session_token = token==
        region = ap-south-1
        """
    private static let settings = """
        [default]
        region = eu-central-1
        s3 =
          max_concurrent_requests = 20
          region = nowhere-1
        [profile other]
        region = us-west-2
        [profile "quoted name"]
        aws_access_key_id = AKIAQUOTED
        aws_secret_access_key = quoted
        [services x]
        region = nowhere-2
        """

    /// Settings that stand further in, and the other mark between name and value.
    private static let indented = """
        [default]
          # a comment
          aws_access_key_id: AKIAINDENTED
          aws_secret_access_key   =   in=de:nted

        \t
        [other]
        s3 =
            aws_access_key_id = AKIANESTED
        aws_access_key_id = AKIAOUTER
          aws_secret_access_key = of-the-line-above
        region = eu-south-1
        """

    private static let cases = [
        Case(name: "nothing at all"),
        Case(name: "the environment", variables: environmentKey),
        Case(
            name: "a session in the environment", variables: environmentKey.merging(["AWS_SESSION_TOKEN": "t"]) { $1 }),
        Case(name: "the default profile", credentials: file, settings: settings),
        Case(name: "the environment before the file", credentials: file, settings: settings, variables: environmentKey),
        Case(
            name: "the profile of a variable", credentials: file, settings: settings,
            variables: ["AWS_PROFILE": "other"]),
        Case(
            name: "the environment's key before the profile of a variable", credentials: file, settings: settings,
            variables: environmentKey.merging(["AWS_PROFILE": "other"]) { $1 }),
        Case(
            name: "the profile of the command line before the environment's key", credentials: file,
            settings: settings, variables: environmentKey, profile: "other"),
        Case(name: "a profile with a blank in its name", settings: settings, profile: "quoted name"),
        Case(
            name: "a region of the environment", credentials: file, settings: settings,
            variables: ["AWS_DEFAULT_REGION": "eu-north-1"]),
        Case(name: "settings that stand further in", credentials: indented),
        Case(
            name: "a region after settings of a setting",
            settings: "[default]\n  s3 =\n    region = nowhere-1\n  region : eu-south-1", variables: environmentKey),
        Case(name: "a session of SSO beside a key", credentials: "\(file)\nsso_session = x", profile: "other"),
        Case(name: "lines ended as in Windows", credentials: file.replacing("\n", with: "\r\n"), settings: settings),
    ]

    /// What botocore makes of the same files and variables.
    private struct Answer: Decodable, Equatable {
        var key: String?
        var secret: String?
        var token: String?
        var region: String?
    }

    @Test("Files, variables and profiles mean what they mean to botocore", arguments: cases)
    private func agreement(_ item: Case) throws {
        let folder = try TemporaryFolder()
        var variables = item.variables
        variables["AWS_SHARED_CREDENTIALS_FILE"] = folder.path("credentials")
        variables["AWS_CONFIG_FILE"] = folder.path("config")
        try item.credentials?.write(toFile: folder.path("credentials"), atomically: true, encoding: .utf8)
        try item.settings?.write(toFile: folder.path("config"), atomically: true, encoding: .utf8)
        let output = try Command.require(
            Python.words("aws_credentials", item.profile.map { [$0] } ?? [], usesPackages: true),
            adding: variables
        ).output
        let expected = try JSONDecoder().decode(Answer.self, from: output)

        let found = try Self.sources(item.profile, variables).load()
        let signature = found.key?.signature(region: "r")
        #expect(signature?.accessKey == expected.key && found.region == expected.region)
        #expect((found.absence == nil) == (expected.key != nil))
        let wanted = expected.key.map { key in
            AWSSignature(
                accessKey: key, secretKey: expected.secret ?? "", sessionToken: expected.token, region: "r",
                service: "s3")
        }
        #expect(signature == wanted)
    }

    private static func sources(
        _ profile: String?, _ variables: [String: String], home: String = "/nonexistent"
    ) -> AWSSources {
        AWSSources(profile: profile, environment: { variables[$0] }, home: home) { path in
            FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test("Without variables, the files are those in the home folder")
    func home() throws {
        let folder = try TemporaryFolder()
        try folder.file(".aws/credentials", Array(Self.file.utf8))
        #expect(try Self.sources(nil, [:], home: folder.url.path).load().key?.identifier == "AKIADEFAULT")
    }

    /// Profiles without a key that could be used, some of which have one that only leads to another.
    private static let keyless = """
        [profile sso]
        sso_session = x
        [profile empty]
        region = eu-west-1
        [profile role]
        role_arn = arn:aws:iam::123456789012:role/x
        source_profile = role
        aws_access_key_id = AKIAUSER
        aws_secret_access_key = secret
        [profile program]
        credential_process = /bin/false
        [profile account]
        sso_account_id = 123456789012
        aws_access_key_id = AKIAUSER
        aws_secret_access_key = secret
        [profile nested]
        aws_access_key_id = AKIAOUTER
          aws_secret_access_key = secret
        """

    @Test("A profile that was asked for has to be there, with something to sign with")
    func profiles() throws {
        let folder = try TemporaryFolder()
        try folder.file(".aws/config", Array(Self.keyless.utf8))
        for (profile, words) in [
            ("missing", "is neither in"), ("sso", "aws configure export-credentials --profile sso"),
            ("empty", "no aws_access_key_id"), ("role", "by role_arn"), ("program", "by credential_process"),
            ("account", "by sso_account_id"), ("nested", "no aws_access_key_id"),
        ] {
            let error = #expect(throws: AWSError.self) {
                try Self.sources(profile, [:], home: folder.url.path).load()
            }
            #expect(error?.code == .unusableProfile && error?.message.contains(words) == true, "\(profile)")
            // Of whoever has it set for other programs, a mount without a bucket doesn't end.
            let chosen = try Self.sources(nil, ["AWS_PROFILE": profile], home: folder.url.path).load()
            #expect(chosen.key == nil && chosen.absence?.contains(words) == true, "\(profile)")
        }
    }

    @Test("A key stays in use when its file is gone, is empty, or has another profile's, which is told")
    func lostKey() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file(".aws/credentials", Array(Self.file.utf8))
        let log = RecordedLog()
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let credentials = try AWSCredentials(
            Self.sources(nil, [:], home: folder.url.path), rereading: rereading)
        for text in [nil, "", "[other]\naws_access_key_id = AKIAX\naws_secret_access_key = x\n"] {
            unlink(path)
            if let text { try folder.file(".aws/credentials", Array(text.utf8)) }
            #expect(throws: AWSError.self, "\(text ?? "none")") { try credentials.readAgain(evenIfUnchanged: true) }
            #expect(credentials.absence == nil)
        }
        let next = Self.file.replacing("AKIADEFAULT", with: "AKIANEXT")
        try folder.file(".aws/credentials", Array(next.utf8))
        #expect(try credentials.readAgain(evenIfUnchanged: true))
    }

    @Test("Half a key in the environment is none, whatever the files have")
    func halfKey() throws {
        let folder = try TemporaryFolder()
        try folder.file(".aws/credentials", Array(Self.file.utf8))
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            let settings = try Self.sources(nil, [name: "x"], home: folder.url.path).load()
            #expect(settings.key == nil && settings.absence?.contains("only one is set") == true)
        }
    }

    @Test(
        "A key that can't be sent is refused, and the message doesn't repeat it",
        arguments: [
            ("AKIA/X", "secret", nil), ("AKIA,X", "secret", nil), ("AKIA X", "secret", nil), ("AKIAX", "sec\rret", nil),
            ("AKIAX", "secret", "to\nken"), ("AKIAX", "secret", "tökén"),
        ] as [(String, String, String?)])
    func malformed(identifier: String, secret: String, token: String?) throws {
        let error = #expect(throws: AWSError.self) {
            try AWSKey(identifier: identifier, secret: secret, sessionToken: token, source: "a test")
        }
        #expect(error?.code == .malformedKey)
        #expect(error.map { !"\($0)".contains(secret) && !"\($0)".contains(identifier) } == true)
    }

    @Test("Printing a key hides what is secret")
    func printing() throws {
        let key = try AWSKey(identifier: "AKIAX", secret: "hush", sessionToken: "quiet", source: "a test")
        var dumped = ""
        dump(key, to: &dumped)
        dump(key.signature(region: "r"), to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped, "\(key.signature(region: "r"))"] {
            #expect(text.contains("AKIAX") && !text.contains("hush") && !text.contains("quiet"), "\(text)")
        }
    }
}
