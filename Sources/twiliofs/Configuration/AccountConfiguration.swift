import Credentials
import Envelope
import Logging
import Support
import Transfer
import TwilioAPI

/// The account and its credentials, from the options or the environment.
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
        guard let text = options.accountSID?.trimmed ?? environment["TWILIO_ACCOUNT_SID"] else {
            throw Failure(.credentials, "no account was given: use --account-sid AC… or set TWILIO_ACCOUNT_SID")
        }
        guard let account = SID(text), account.prefix == "AC" else {
            throw Failure(
                .credentials,
                "'\(text)' is not an account SID, which is 'AC' and 32 hexadecimal digits: see the Console's front page"
            )
        }
        self.account = account
        region = options.region?.trimmed ?? environment["TWILIO_REGION"]
        do throws(TwilioError) {
            endpoints = try Endpoints(
                region: region, edge: options.edge?.trimmed ?? environment["TWILIO_EDGE"],
                api: options.apiURL?.trimmed ?? environment["TWILIOFS_API_URL"],
                video: options.videoURL?.trimmed ?? environment["TWILIOFS_VIDEO_URL"],
                oauth: options.oauthURL?.trimmed ?? environment["TWILIOFS_OAUTH_URL"])
        } catch {
            throw Failure(.configuration, error.message)
        }
        credentials = try Self.credentialProvider(
            options, account: account, endpoints: endpoints, environment: environment, secrets: secrets, logger: logger)
    }

    /// Makes the provider of the account's credential.
    ///
    /// The command line precedes the environment; there, OAuth precedes an API key, which precedes the auth token.
    private static func credentialProvider(
        _ options: AccountOptions, account: SID, endpoints: Endpoints, environment: Environment, secrets: SecretReader,
        logger: Logger
    ) throws(Failure) -> any CredentialProvider {
        if let client = try oauthClient(options, environment: environment, secrets: secrets) {
            return OAuthProvider(tokenURL: endpoints.oauth, logger: logger) { client }
        }
        return FixedCredential(
            try credential(options, account: account, environment: environment, secrets: secrets))
    }

    /// The command line precedes the environment, and an API key precedes the auth token.
    private static func credential(
        _ options: AccountOptions, account: SID, environment: Environment, secrets: SecretReader
    ) throws(Failure) -> Credential {
        if options.authTokenFile != nil, options.apiKey != nil || options.apiSecretFile != nil {
            throw Failure(.configuration, "give either --auth-token-file or --api-key with --api-secret-file, not both")
        }
        if let file = options.authTokenFile {
            return Credential(username: account.description, password: try secrets.text(file, what: "auth token"))
        }
        if let key = options.apiKey?.trimmed ?? environment["TWILIO_API_KEY"] {
            guard let sid = SID(key), sid.prefix == "SK" else {
                throw Failure(
                    .credentials, "'\(key)' is not the SID of an API key, which is 'SK' and 32 hexadecimal digits")
            }
            let secret: String
            if let file = options.apiSecretFile {
                secret = try secrets.text(file, what: "API key secret")
            } else if let value = environment["TWILIO_API_SECRET"] ?? environment["TWILIO_API_KEY_SECRET"] {
                secret = value
            } else {
                throw Failure(
                    .credentials,
                    "the secret of the API key \(sid) is missing: give --api-secret-file or set TWILIO_API_SECRET")
            }
            return Credential(username: key, password: secret)
        }
        if options.apiSecretFile != nil {
            throw Failure(.configuration, "--api-secret-file needs --api-key, the SID of the key whose secret it is")
        }
        if let token = environment["TWILIO_AUTH_TOKEN"] {
            return Credential(username: account.description, password: token)
        }
        if let token = try Terminal.askForSecret("Auth token of \(account): ", status: .credentials) {
            let password = token.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            return Credential(username: account.description, password: password)
        }
        throw Failure(
            .credentials,
            "no credentials were given for \(account): give --auth-token-file, or --api-key with --api-secret-file, or"
                + " --client-id with --client-secret-file, or set TWILIO_AUTH_TOKEN")
    }
}
