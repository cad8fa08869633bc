import Support

/// Where the credentials of AWS come from, in the order of the AWS tools: the environment, the shared file of
/// credentials, the shared file of settings.
///
/// A profile that is named on the command line goes before the environment's keys. Without one, what is wrong with
/// these places is no error of the mount, which may not need them: it is the reason why there are no credentials.
public struct AWSSources: Sendable {
    /// Reads a file; nil when it isn't there.
    public typealias Reading = @Sendable (_ path: String) throws -> String?

    /// What the environment tells of a key.
    private struct Variables: Sendable {
        let identifier, secret, sessionToken: String?

        var isEmpty: Bool { identifier == nil && secret == nil }
    }

    /// The environment's key; nil when it doesn't count.
    private let variables: Variables?
    /// The profile's name.
    let profile: String
    /// What named the profile; nil when nothing did.
    private let profileSource: String?
    /// Whether the command line names the profile.
    private let isRequired: Bool
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
    public init(
        profile: String?, environment: (String) -> String?, home: String, read: @escaping Reading
    ) {
        func path(_ variable: String, _ usual: String) -> String {
            guard let path = environment(variable) else { return "\(home)/.aws/\(usual)" }
            return path.hasPrefix("~/") ? home + path.dropFirst() : path
        }
        let named = profile ?? environment("AWS_PROFILE") ?? environment("AWS_DEFAULT_PROFILE")
        self.profile = named ?? "default"
        profileSource = profile != nil ? "--aws-profile" : named != nil ? "AWS_PROFILE" : nil
        isRequired = profile != nil
        credentialsFile = path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        settingsFile = path("AWS_CONFIG_FILE", "config")
        environmentRegion = environment("AWS_REGION") ?? environment("AWS_DEFAULT_REGION")
        self.read = read
        let variables = Variables(
            identifier: environment("AWS_ACCESS_KEY_ID"), secret: environment("AWS_SECRET_ACCESS_KEY"),
            sessionToken: environment("AWS_SESSION_TOKEN"))
        self.variables = isRequired || variables.isEmpty ? nil : variables
    }

    /// The files, which need not be there.
    var files: [String] { [credentialsFile, settingsFile] }

    /// Reads the key and the region.
    ///
    /// - Throws: ``AWSError`` if the command line names a profile that can't be used.
    func load() throws(AWSError) -> AWSSettings {
        do throws(AWSError) {
            guard let variables else { return try settingsOfFiles() }
            return try settings(of: variables)
        } catch {
            guard !isRequired else { throw error }
            return AWSSettings(
                key: nil, absence: "there are no usable AWS credentials: \(error.message)", region: environmentRegion,
                isRenewable: variables == nil)
        }
    }

    private func settings(of variables: Variables) throws(AWSError) -> AWSSettings {
        guard let identifier = variables.identifier, let secret = variables.secret else {
            throw AWSError(
                .malformedKey, "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set", remedy: "set both")
        }
        let key = try AWSKey(
            identifier: identifier, secret: secret, sessionToken: variables.sessionToken, source: "the environment")
        // The files may name the region all the same; nothing else of them counts.
        let region = environmentRegion ?? regionOfFiles((try? profileSettings()) ?? ([:], [:]))
        return AWSSettings(key: key, absence: nil, region: region, isRenewable: false)
    }

    private func settingsOfFiles() throws(AWSError) -> AWSSettings {
        let (credentials, file) = try profileSettings()
        let region = environmentRegion ?? regionOfFiles((credentials, file))
        // As in botocore, these go before a key of the profile's own, which only leads to them.
        if let form = Self.form(of: Self.precedingForms, credentials, file) { throw unsupported(form) }
        for (settings, path) in [(credentials, credentialsFile), (file, settingsFile)] {
            guard let identifier = settings["aws_access_key_id"], let secret = settings["aws_secret_access_key"] else {
                continue
            }
            let key = try AWSKey(
                identifier: identifier, secret: secret, sessionToken: settings["aws_session_token"],
                source: "the profile '\(profile)' in '\(path)'")
            return AWSSettings(key: key, absence: nil, region: region, isRenewable: true)
        }
        if profileSource != nil || !credentials.isEmpty || !file.isEmpty { throw keyless(credentials, file) }
        return AWSSettings(
            key: nil,
            absence: "there are no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile"
                + " of '\(credentialsFile)' with --aws-profile", region: region, isRenewable: true)
    }

    /// The region of a profile: as in botocore, the file with credentials precedes the other one.
    private func regionOfFiles(_ settings: (credentials: [String: String], file: [String: String])) -> String? {
        settings.credentials["region"] ?? settings.file["region"]
    }

    /// The settings of the profile in both files; empty where a file doesn't have it.
    private func profileSettings() throws(AWSError) -> (credentials: [String: String], file: [String: String]) {
        let credentials = try text(of: credentialsFile).flatMap {
            AWSSettingsFile($0, isConfiguration: false).settings(of: profile)
        }
        let file = try text(of: settingsFile).flatMap {
            AWSSettingsFile($0, isConfiguration: true).settings(of: profile)
        }
        if credentials == nil, file == nil, let profileSource {
            throw AWSError(
                .unusableProfile,
                "the profile '\(profile)' of \(profileSource) is neither in '\(credentialsFile)' nor in '\(settingsFile)'"
            )
        }
        return (credentials ?? [:], file ?? [:])
    }

    private func text(of path: String) throws(AWSError) -> String? {
        do { return try read(path) } catch {
            let reason = (error as? any CausedError)?.message ?? "'\(path)' can't be read"
            throw AWSError(.unreadableFile, reason, cause: error)
        }
    }

    /// The settings of ways to a key that go before a key in the file.
    private static let precedingForms = ["role_arn", "sso_role_name", "sso_account_id"]
    /// The settings of the other ways to a key that aren't gone here.
    private static let otherForms = [
        "sso_session", "sso_start_url", "credential_process", "web_identity_token_file", "login_session",
    ]

    private static func form(of forms: [String], _ credentials: [String: String], _ file: [String: String]) -> String? {
        forms.first { credentials[$0] != nil || file[$0] != nil }
    }

    /// The error of a profile without a key of its own.
    private func keyless(_ credentials: [String: String], _ file: [String: String]) -> AWSError {
        if let form = Self.form(of: Self.otherForms, credentials, file) { return unsupported(form) }
        return AWSError(
            .unusableProfile, "the profile '\(profile)' has no aws_access_key_id with an aws_secret_access_key")
    }

    private func unsupported(_ form: String) -> AWSError {
        AWSError(
            .unusableProfile, "the profile '\(profile)' gets its keys by \(form), which isn't done here",
            remedy: "mount with the variables that 'aws configure export-credentials --profile \(profile)"
                + " --format env' prints")
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
