import ArgumentParser
import Credentials
import Envelope
import FoundationEssentials
import Glibc
import Support
import Transfer
import TwilioAPI

/// The options for media in a bucket of the customer's own.
struct ExternalMediaOptions: ParsableArguments {
    @Option(
        help: .value(
            "rule", "Whether media in your own bucket is read there: deny, allow or allow=HOST,…", default: "allow",
            note: "Hosts may be asked besides Amazon S3's; '*.' and a domain stands for all hosts in it."),
        transform: ExternalMediaRule.parse)
    var externalMedia = ExternalMediaRule()

    @Option(
        help: .value(
            "name", "The profile of the AWS tools whose key reads your own bucket.",
            default: "the key in the environment, else $AWS_PROFILE"))
    var awsProfile: String?

    @Option(
        name: .customLong("s3-endpoint"),
        help: .value(
            "url", "An S3-compatible server that has your own bucket, instead of Amazon's.",
            default: "$AWS_ENDPOINT_URL_S3"))
    var s3Endpoint: String?

    /// Makes the access to media outside of Twilio, with credentials of AWS.
    func access(environment: Environment, secrets: SecretReader) throws(Failure) -> ExternalMedia {
        var rules = ExternalMedia.Rules()
        rules.isDenied = externalMedia.isDenied
        rules.hosts = externalMedia.hosts
        let credentials = try credentials(environment, secrets)
        do throws(TwilioError) {
            rules.endpoint = try s3Endpoint.map { (text) throws(TwilioError) in try Self.endpoint(text.trimmed) }
            if rules.endpoint == nil, let text = Self.endpointVariables.lazy.compactMap({ environment[$0] }).first {
                return try Self.access(rules, endpoint: text, credentials)
            }
            return try ExternalMedia(rules, credentials: credentials)
        } catch {
            throw Failure(.configuration, error.message)
        }
    }

    /// The variables of the AWS tools, the first of which is for S3 alone.
    private static let endpointVariables = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]

    /// Makes the access with a server that the environment names.
    ///
    /// A server that can't be used is no error: the variable may be meant for other programs, and this mount may need
    /// none.
    private static func access(
        _ rules: ExternalMedia.Rules, endpoint text: String, _ credentials: any BucketCredentials
    ) throws(TwilioError) -> ExternalMedia {
        do throws(TwilioError) {
            var rules = rules
            rules.endpoint = try endpoint(text)
            return try ExternalMedia(rules, credentials: credentials)
        } catch {
            return try ExternalMedia(rules, credentials: NoBucketCredentials(absence: error.message))
        }
    }

    private static func endpoint(_ text: String) throws(TwilioError) -> URL {
        guard let url = URL(string: text), url.host()?.isEmpty == false else {
            throw TwilioError(
                .invalidConfiguration, "the S3 server '\(text)' has no address like https://storage.example.com")
        }
        return url
    }

    private func credentials(
        _ environment: Environment, _ secrets: SecretReader
    ) throws(Failure) -> any BucketCredentials {
        // What may not be used isn't read either.
        if externalMedia.isDenied { return NoBucketCredentials(absence: "--external-media deny forbids it") }
        var secrets = secrets
        // Without these options the mount may not need the files, which other programs use.
        if awsProfile == nil, s3Endpoint == nil { secrets.warn = { _ in } }
        let reader = secrets
        do throws(AWSError) {
            let sources = AWSSources(
                profile: awsProfile?.trimmed, environment: { Self.value(of: $0, in: environment) },
                home: Self.home(environment)
            ) { path in
                guard reader.exists(path) else { return nil }
                let contents = try reader.contents(
                    path, what: "AWS credentials", status: .credentials, limit: Self.fileLimit)
                return contents.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            }
            return try AWSCredentials(sources, rereading: reader.rereading)
        } catch {
            throw Failure(.credentials, error.message)
        }
    }

    /// The value of a variable; a file's relative path becomes absolute, since a background process leaves the folder.
    private static func value(of name: String, in environment: Environment) -> String? {
        guard let value = environment[name], name.hasSuffix("_FILE"), !value.hasPrefix("~/") else {
            return environment[name]
        }
        return CacheFolder.absolute(value)
    }

    /// Room for a thousand profiles.
    private static let fileLimit = 1 << 20

    /// The home folder: the AWS tools' files lie there.
    private static func home(_ environment: Environment) -> String {
        if let home = environment["HOME"] { return home }
        guard let user = getpwuid(geteuid()), let home = user.pointee.pw_dir else { return "/nonexistent" }
        return String(cString: home)
    }
}

/// The rule of `--external-media`.
struct ExternalMediaRule {
    /// Whether nothing outside of Twilio may be asked.
    var isDenied = false
    /// The hosts that may be asked besides Amazon S3's.
    var hosts: [HostPattern] = []

    /// Reads `deny`, `allow`, or `allow=` and host names, separated by commas.
    static func parse(_ text: String) throws -> ExternalMediaRule {
        switch text {
        case "deny": return ExternalMediaRule(isDenied: true)
        case "allow": return ExternalMediaRule()
        default: break
        }
        let prefix = "allow="
        guard text.hasPrefix(prefix) else {
            throw ValidationError("'\(text)' is no rule for external media: give deny, allow or allow=HOST,…")
        }
        let hosts = try text.dropFirst(prefix.count).split(separator: ",", omittingEmptySubsequences: false)
            .map { name in
                guard let pattern = HostPattern(String(name)) else {
                    throw ValidationError(
                        "'\(name)' in --external-media is neither a host's name nor '*.' and a domain, as in"
                            + " *.storage.example.com")
                }
                return pattern
            }
        return ExternalMediaRule(hosts: hosts)
    }
}

/// Nothing, and the reason for that.
private final class NoBucketCredentials: BucketCredentials {
    let absence: String?
    let region: String? = nil

    init(absence: String) { self.absence = absence }

    func provider(region: String) -> any CredentialProvider {
        AnonymousCredential()
    }
}

/// Has no credential.
private final class AnonymousCredential: CredentialProvider {
    func authorization(for request: OutgoingRequest) -> Authorization? { nil }
}
