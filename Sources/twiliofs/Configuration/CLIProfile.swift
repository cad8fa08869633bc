import Credentials
import Envelope
import Support
import Transfer
import TwilioAPI

/// A profile of the Twilio CLI, from which a mount takes its account and its credentials.
struct CLIProfile {
    /// The name of the file's contents in messages.
    private static let what = "profiles of the Twilio CLI"
    private static let limit = 1 << 20

    /// The account.
    let account: SID
    /// The account's region.
    let region: String?
    /// The edge used to reach Twilio.
    let edge: String?
    /// The credentials.
    let credentials: any CredentialProvider

    /// Finds the profile of a mount; nil if it has none.
    ///
    /// As with Twilio's own command, a profile that is named precedes the environment, and without a name the active
    /// profile is used if neither options nor environment name an account.
    init?(
        chosenBy options: AccountOptions, environment: Environment, secrets: SecretReader
    ) throws(Failure) {
        let isActiveWanted =
            options.accountSID == nil && environment["TWILIO_ACCOUNT_SID"] == nil && !options.namesCredentials
        guard options.profile != nil || isActiveWanted else { return nil }
        let path = Self.path(environment)
        guard let name = options.profile else {
            // Nobody who has never used the Twilio CLI needs to hear of its file.
            guard let path, FileStamp(of: path) != nil else { return nil }
            // The file is read again for the profile, and warned of then.
            var quiet = secrets
            quiet.warn = { _ in }
            guard let active = try Self.profiles(in: path, quiet).active else { return nil }
            try self.init(active.name, in: path, secrets)
            return
        }
        guard !options.namesCredentials else {
            throw Failure(
                .configuration,
                "give either --profile or the account's own credentials (--auth-token-file, --api-key, --client-id), not both"
            )
        }
        guard let path else {
            throw Failure(
                .credentials, "there is no place for profiles, since HOME isn't set: set HOME or TWILIO_CONFIG_DIR")
        }
        try self.init(name.trimmed, in: path, secrets)
    }

    private init(_ name: String, in path: String, _ secrets: SecretReader) throws(Failure) {
        let check: @Sendable (Contents, Contents) throws -> Void = { former, new in
            guard new.account == former.account, new.region == former.region else {
                throw Failure(.credentials, "it is for another account or region now: mount again to use that")
            }
        }
        let value = try secrets.value("profile '\(name)'", in: path, check: check) { (reader, path) throws(Failure) in
            try Contents(Self.profiles(in: path, reader), name: name, path: path)
        }
        let contents = value.current
        (account, region, edge) = (contents.account, contents.region, contents.edge)
        credentials = secrets.provider(of: value, credential: \.credential)
    }

    /// The file of the profiles; nil if no place is known.
    private static func path(_ environment: Environment) -> String? {
        if let folder = environment["TWILIO_CONFIG_DIR"] { return CacheFolder.absolute(folder) + "/config.json" }
        return environment["HOME"].map { CacheFolder.absolute($0) + "/.twilio-cli/config.json" }
    }

    private static func profiles(in path: String, _ secrets: SecretReader) throws(Failure) -> TwilioCLIProfiles {
        let contents = try secrets.contents(path, what: what, status: .credentials, limit: limit)
        guard let profiles = contents.withUnsafeBytes({ TwilioCLIProfiles(Array($0)) }) else {
            throw Failure(
                .credentials, "the file '\(path)' can't be read as \(what): it isn't the JSON that the CLI writes")
        }
        return profiles
    }

    /// What a profile says, checked.
    private struct Contents: Equatable, Sendable {
        let account: SID
        let region: String?
        let edge: String?
        let credential: Credential

        init(_ profiles: TwilioCLIProfiles, name: String, path: String) throws(Failure) {
            guard let profile = profiles[name] else {
                let names = profiles.names
                let known =
                    names.isEmpty ? "it has none" : "it has \(ForeignText(names.joined(separator: ", ")))"
                throw Failure(.credentials, "'\(path)' has no profile '\(name)': \(known)")
            }
            guard let account = profile.accountSID.flatMap({ SID($0) }), account.prefix == "AC" else {
                throw Failure(.credentials, "the profile '\(name)' in '\(path)' names no account, AC…")
            }
            guard let secret = profile.apiSecret, let key = profile.apiKey else {
                throw Failure(
                    .credentials,
                    "the profile '\(name)' in '\(path)' has no API key with its secret, since versions of the Twilio CLI"
                        + " before 3 kept them in the system's key ring: run 'twilio profiles:create' again, or give"
                        + " --api-key with --api-secret-file")
            }
            guard let sid = SID(key), sid.prefix == "SK" || sid == account else {
                throw Failure(
                    .credentials, "the key of the profile '\(name)' in '\(path)' isn't the SID of an API key, SK…")
            }
            self.account = account
            region = profile.region
            edge = profile.edge
            credential = Credential(username: key, password: secret)
        }
    }
}
