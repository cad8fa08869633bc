import Support

/// Where the credentials of AWS come from, in the order of the AWS tools: the environment, the shared file of
/// credentials, the shared file of settings.
///
/// A profile that is named on the command line goes before the environment's keys.
public struct AWSSources: Sendable {
    /// Reads a file; nil when it isn't there.
    public typealias Reading = @Sendable (_ path: String) throws -> String?

    /// The key of the environment, if there is one that counts.
    private let environmentKey: AWSKey?
    /// The profile's name.
    let profile: String
    /// What named the profile; nil when nothing did.
    private let profileSource: String?
    private let credentialsFile: String
    private let settingsFile: String
    private let environmentRegion: String?
    private let read: Reading

    /// Finds out the sources, without reading a file.
    ///
    /// - Parameters:
    ///   - profile: The profile of the command line.
    ///   - environment: The value of a variable that is set and not empty.
    ///   - home: The user's home folder.
    ///   - read: Reads a file.
    /// - Throws: ``AWSError`` for a key in the environment that can't be sent.
    public init(
        profile: String?, environment: (String) -> String?, home: String, read: @escaping Reading
    ) throws(AWSError) {
        func path(_ variable: String, _ usual: String) -> String {
            guard let path = environment(variable) else { return "\(home)/.aws/\(usual)" }
            return path.hasPrefix("~/") ? home + path.dropFirst() : path
        }
        let named = profile ?? environment("AWS_PROFILE") ?? environment("AWS_DEFAULT_PROFILE")
        self.profile = named ?? "default"
        profileSource = profile != nil ? "--aws-profile" : named != nil ? "AWS_PROFILE" : nil
        credentialsFile = path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        settingsFile = path("AWS_CONFIG_FILE", "config")
        environmentRegion = environment("AWS_REGION") ?? environment("AWS_DEFAULT_REGION")
        self.read = read
        guard profile == nil, let identifier = environment("AWS_ACCESS_KEY_ID"),
            let secret = environment("AWS_SECRET_ACCESS_KEY")
        else {
            environmentKey = nil
            return
        }
        environmentKey = try AWSKey(
            identifier: identifier, secret: secret, sessionToken: environment("AWS_SESSION_TOKEN"),
            source: "the environment")
    }

    /// The files, which need not be there.
    var files: [String] { [credentialsFile, settingsFile] }

    /// Reads the key and the region.
    func load() throws(AWSError) -> AWSSettings {
        if let environmentKey {
            // The files may name the region all the same; nothing else of them counts.
            let region = environmentRegion ?? (try? settings().file["region"]) ?? nil
            return AWSSettings(key: environmentKey, absence: nil, region: region, isRenewable: false)
        }
        let (credentials, file) = try settings()
        let region = environmentRegion ?? file["region"] ?? credentials["region"]
        for (settings, path) in [(credentials, credentialsFile), (file, settingsFile)] {
            guard let identifier = settings["aws_access_key_id"], let secret = settings["aws_secret_access_key"] else {
                continue
            }
            let key = try AWSKey(
                identifier: identifier, secret: secret, sessionToken: settings["aws_session_token"],
                source: "the profile '\(profile)' in '\(path)'")
            return AWSSettings(key: key, absence: nil, region: region, isRenewable: true)
        }
        return AWSSettings(
            key: nil, absence: try absence(credentials.merging(file) { $1 }), region: region, isRenewable: true)
    }

    /// The settings of the profile in both files; empty where a file doesn't have it.
    private func settings() throws(AWSError) -> (credentials: [String: String], file: [String: String]) {
        let credentials = try text(of: credentialsFile).flatMap {
            AWSSettingsFile($0, isConfiguration: false).settings(of: profile)
        }
        let file = try text(of: settingsFile).flatMap {
            AWSSettingsFile($0, isConfiguration: true).settings(of: profile)
        }
        if credentials == nil, file == nil, let profileSource {
            throw AWSError(
                .unusableProfile,
                "the profile '\(profile)' of \(profileSource) is neither in '\(credentialsFile)' nor in '\(settingsFile)'")
        }
        return (credentials ?? [:], file ?? [:])
    }

    private func text(of path: String) throws(AWSError) -> String? {
        do { return try read(path) } catch {
            let reason = (error as? any CausedError)?.message ?? "'\(path)' can't be read"
            throw AWSError(.unreadableFile, reason, cause: error)
        }
    }

    /// Says why a profile has no key; throws if a profile that was asked for has none.
    private func absence(_ settings: [String: String]) throws(AWSError) -> String {
        let forms = [
            "sso_session", "sso_start_url", "role_arn", "credential_process", "web_identity_token_file", "login_session",
        ]
        let exporting = "aws configure export-credentials --profile \(profile) --format env"
        if let form = forms.first(where: { settings[$0] != nil }) {
            let fact = "the profile '\(profile)' gets its keys by \(form), which isn't done here"
            guard profileSource == nil else {
                throw AWSError(.unusableProfile, fact, remedy: "mount with the variables that '\(exporting)' prints")
            }
            return "\(fact): mount with the variables that '\(exporting)' prints"
        }
        if let profileSource {
            throw AWSError(
                .unusableProfile, "the profile '\(profile)' of \(profileSource) has no aws_access_key_id with an"
                    + " aws_secret_access_key")
        }
        return "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of"
            + " '\(credentialsFile)' with --aws-profile"
    }
}

/// What was read of the sources.
struct AWSSettings: Sendable {
    /// The key to sign with; nil when there is none.
    let key: AWSKey?
    /// Why there is none.
    let absence: String?
    /// The region for servers whose address names none.
    let region: String?
    /// Whether reading again may bring another key: the environment of a process stays what it is.
    let isRenewable: Bool
}
