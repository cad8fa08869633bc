import Credentials
import Envelope
import Logging
import Support
import Transfer
import TwilioAPI

// The options and variables of OAuth.

extension AccountConfiguration {
    /// Makes the provider of tokens for an OAuth client, whose secret may be read again.
    static func oauthProvider(
        _ client: FileValue<OAuthClient>, endpoints: Endpoints, secrets: SecretReader, logger: Logger
    ) -> any CredentialProvider {
        let provider = OAuthProvider(tokenURL: endpoints.oauth, logger: logger) { client.current }
        guard let rereading = secrets.rereading else { return provider }
        client.whenChanged { [weak provider] in provider?.clientMayHaveChanged() }
        return RereadingProvider(provider, source: client, rereading: rereading)
    }

    /// The OAuth client of the command line, else of the environment; nil when another form of credential is given.
    static func oauthClient(
        _ options: AccountOptions, environment: Environment, secrets: SecretReader
    ) throws(Failure) -> FileValue<OAuthClient>? {
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
        // The ID's variable alone doesn't choose OAuth.
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
            return try secrets.value("OAuth client's secret", in: file) { (reader, path) throws(Failure) in
                OAuthClient(identifier: text, secret: try reader.text(path, what: "OAuth client's secret"))
            }
        }
        guard let secret else {
            throw Failure(
                .credentials,
                "the secret of the OAuth client \(text) is missing: give --client-secret-file or set"
                    + " TWILIO_CLIENT_SECRET")
        }
        return FileValue(constant: OAuthClient(identifier: text, secret: secret))
    }

    /// Refuses half of an OAuth client in the environment, where no other credential is given.
    static func checkClientIsWhole(_ environment: Environment) throws(Failure) {
        let missing = ["TWILIO_CLIENT_ID", "TWILIO_CLIENT_SECRET"].filter { environment[$0] == nil }
        guard missing.count == 1 else { return }
        throw Failure(
            .credentials, "an OAuth client is its ID and its secret together, but \(missing[0]) isn't set: set it too")
    }
}
