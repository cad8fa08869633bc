import Credentials
import Envelope
import Logging
import Support
import Transfer
import TwilioAPI

/// The account and its credentials, from the options, the environment or a profile.
struct AccountConfiguration {
    let account: SID
    /// Provides the account's credential, in any form.
    let credentials: any CredentialProvider
    let endpoints: Endpoints
    /// The region, if given: its data is separate, so its catalog is too.
    let region: String?

    init(
        _ options: AccountOptions, environment: Environment, secrets: SecretReader = SecretReader(),
        logger: Logger = Logger(label: "twiliofs") { _ in SwiftLogNoOpLogHandler() }
    ) throws(Failure) {
        let profile = try CLIProfile(chosenBy: options, environment: environment, secrets: secrets)
        account = try Self.account(options, profile, environment: environment)
        region = options.region?.trimmed ?? (profile == nil ? environment["TWILIO_REGION"] : profile?.region)
        do throws(TwilioError) {
            endpoints = try Endpoints(
                region: region, edge: options.edge?.trimmed ?? environment["TWILIO_EDGE"] ?? profile?.edge,
                api: options.apiURL?.trimmed ?? environment["TWILIOFS_API_URL"],
                video: options.videoURL?.trimmed ?? environment["TWILIOFS_VIDEO_URL"],
                oauth: options.oauthURL?.trimmed ?? environment["TWILIOFS_OAUTH_URL"])
        } catch {
            throw Failure(.configuration, error.message)
        }
        credentials = try Self.credentialProvider(
            options, account: account, profile, endpoints: endpoints, environment: environment, secrets: secrets,
            logger: logger)
    }

    private static func account(
        _ options: AccountOptions, _ profile: CLIProfile?, environment: Environment
    ) throws(Failure) -> SID {
        let given = options.accountSID?.trimmed
        if given == nil, let profile { return profile.account }
        guard let text = given ?? environment["TWILIO_ACCOUNT_SID"] else {
            throw Failure(
                .credentials,
                "no account was given: use --account-sid AC… or --profile, or set TWILIO_ACCOUNT_SID")
        }
        guard let account = SID(text), account.prefix == "AC" else {
            throw Failure(
                .credentials,
                "'\(text)' is not an account SID, which is 'AC' and 32 hexadecimal digits: see the Console's front page"
            )
        }
        return account
    }

    /// Makes the provider of the account's credential.
    ///
    /// The command line precedes the environment; there, OAuth precedes an API key, which precedes the auth token.
    private static func credentialProvider(
        _ options: AccountOptions, account: SID, _ profile: CLIProfile?, endpoints: Endpoints, environment: Environment,
        secrets: SecretReader, logger: Logger
    ) throws(Failure) -> any CredentialProvider {
        if let profile { return profile.credentials }
        if let client = try oauthClient(options, environment: environment, secrets: secrets) {
            return oauthProvider(client, endpoints: endpoints, secrets: secrets, logger: logger)
        }
        return try login(options, account: account, environment: environment, secrets: secrets)
    }

    /// Provides an API key whose secret is in a file.
    ///
    /// Twilio replaces no secret of a key, only the key. So the file may name another key before its secret.
    private static func apiKey(
        _ key: String, in file: String, _ secrets: SecretReader
    ) throws(Failure) -> any CredentialProvider {
        let what = "API key secret"
        let value = try secrets.value(what, in: file) { (reader, path) throws(Failure) in
            let words = try reader.words(path, what: what)
            if words.count == 1 { return Credential(username: key, password: words[0]) }
            guard words.count == 2, let sid = SID(words[0]), sid.prefix == "SK" else {
                throw SecretReader.severalWords(path, what)
            }
            return Credential(username: sid.description, password: words[1])
        }
        return secrets.provider(of: value) { $0 }
    }

    /// The provider of a name and a password.
    ///
    /// The command line precedes the environment, and an API key precedes the auth token.
    private static func login(
        _ options: AccountOptions, account: SID, environment: Environment, secrets: SecretReader
    ) throws(Failure) -> any CredentialProvider {
        if options.authTokenFile != nil, options.apiKey != nil || options.apiSecretFile != nil {
            throw Failure(.configuration, "give either --auth-token-file or --api-key with --api-secret-file, not both")
        }
        if let file = options.authTokenFile {
            return try secrets.provider("auth token", in: file, username: account.description)
        }
        if let key = options.apiKey?.trimmed ?? environment["TWILIO_API_KEY"] {
            guard let sid = SID(key), sid.prefix == "SK" else {
                throw Failure(
                    .credentials, "'\(key)' is not the SID of an API key, which is 'SK' and 32 hexadecimal digits")
            }
            if let file = options.apiSecretFile {
                return try apiKey(key, in: file, secrets)
            }
            guard let secret = environment["TWILIO_API_SECRET"] ?? environment["TWILIO_API_KEY_SECRET"] else {
                throw Failure(
                    .credentials,
                    "the secret of the API key \(sid) is missing: give --api-secret-file or set TWILIO_API_SECRET")
            }
            return FixedCredential(Credential(username: key, password: secret))
        }
        if options.apiSecretFile != nil {
            throw Failure(.configuration, "--api-secret-file needs --api-key, the SID of the key whose secret it is")
        }
        if let token = environment["TWILIO_AUTH_TOKEN"] {
            return FixedCredential(Credential(username: account.description, password: token))
        }
        try checkClientIsWhole(environment)
        if let token = try Terminal.askForSecret("Auth token of \(account): ", status: .credentials) {
            let password = token.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            return FixedCredential(Credential(username: account.description, password: password))
        }
        throw Failure(
            .credentials,
            "no credentials were given for \(account): give --auth-token-file, or --api-key with --api-secret-file, or"
                + " --client-id with --client-secret-file, or set TWILIO_AUTH_TOKEN")
    }
}
