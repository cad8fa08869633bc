import Credentials
import Envelope

// The options and variables of OAuth.

extension AccountConfiguration {
    /// The OAuth client of the command line, else of the environment; nil when another form of credential is given.
    static func oauthClient(
        _ options: AccountOptions, environment: Environment, secrets: SecretReader
    ) throws(Failure) -> OAuthClient? {
        let isOnCommandLine = options.clientID != nil || options.clientSecretFile != nil
        let isOtherOnCommandLine =
            options.authTokenFile != nil || options.apiKey != nil || options.apiSecretFile != nil
        guard !isOnCommandLine || !isOtherOnCommandLine else {
            throw Failure(
                .configuration,
                "give either --client-id with --client-secret-file, or an API key or the auth token, not both")
        }
        if isOtherOnCommandLine { return nil }
        let secret = environment["TWILIO_CLIENT_SECRET"]
        // The variable of the ID alone is no wish for OAuth.
        let hasSecret = options.clientSecretFile != nil || secret != nil
        guard let text = options.clientID?.trimmed ?? (hasSecret ? environment["TWILIO_CLIENT_ID"] : nil) else {
            guard options.clientSecretFile == nil else {
                throw Failure(
                    .configuration, "--client-secret-file needs --client-id, the ID of the client whose secret it is")
            }
            return nil
        }
        // Twilio's are "OQ" and 32 digits; another service's may be different.
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw Failure(.credentials, "'\(text)' is not the ID of an OAuth client, as OQ…")
        }
        if let file = options.clientSecretFile {
            return OAuthClient(identifier: text, secret: try secrets.text(file, what: "OAuth client's secret"))
        }
        guard let secret else {
            throw Failure(
                .credentials,
                "the secret of the OAuth client \(text) is missing: give --client-secret-file or set"
                    + " TWILIO_CLIENT_SECRET")
        }
        return OAuthClient(identifier: text, secret: secret)
    }
}
