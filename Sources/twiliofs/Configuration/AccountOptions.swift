import ArgumentParser

/// The options for the account and its credentials.
struct AccountOptions: ParsableArguments {
    @Option(
        name: .customLong("account-sid"),
        help: .value("AC…", "The account's SID.", default: "$TWILIO_ACCOUNT_SID"))
    var accountSID: String?

    @Option(help: .value("file", "A file with the account's auth token.", default: "$TWILIO_AUTH_TOKEN, else a prompt"))
    var authTokenFile: String?

    @Option(help: .value("SK…", "The SID of an API key, used instead of the auth token.", default: "$TWILIO_API_KEY"))
    var apiKey: String?

    @Option(
        help: .value(
            "file", "A file with the API key's secret.", default: "$TWILIO_API_SECRET or $TWILIO_API_KEY_SECRET"))
    var apiSecretFile: String?

    @Option(
        name: .customLong("signing-key"),
        help: .value(
            "[AC…:][CR…=]file",
            "A private key (PEM) that signs each request sent with an API key, and its public key's SID.",
            note: "Repeatable: with AC…: for a subaccount's own API key."))
    var signingKeys: [String] = []

    @Option(
        name: .customLong("client-id"),
        help: .value(
            "OQ…", "The ID of an OAuth client, used instead of an API key.", default: "$TWILIO_CLIENT_ID"))
    var clientID: String?

    @Option(help: .value("file", "A file with the OAuth client's secret.", default: "$TWILIO_CLIENT_SECRET"))
    var clientSecretFile: String?

    @Option(
        help: .value(
            "name", "A profile of the Twilio CLI: its account, region, edge and API key.",
            default: "the active one, if no account is given"))
    var profile: String?

    @Option(help: .value("name", "The region of the account's data.", default: "$TWILIO_REGION"))
    var region: String?

    @Option(help: .value("name", "The edge used to reach Twilio.", default: "$TWILIO_EDGE, else the region's"))
    var edge: String?

    @Option(
        name: .customLong("api-url"),
        help: .value("url", "A different URL of the 2010 API.", default: "$TWILIOFS_API_URL"))
    var apiURL: String?

    @Option(
        name: .customLong("video-url"),
        help: .value("url", "A different URL of the video API.", default: "$TWILIOFS_VIDEO_URL"))
    var videoURL: String?

    @Option(
        name: .customLong("oauth-url"),
        help: .value("url", "A different URL for OAuth tokens.", default: "$TWILIOFS_OAUTH_URL"))
    var oauthURL: String?

    @Option(
        help: .value(
            "file", "Certificate authorities (PEM) to trust instead of the system's.",
            default: "$CURL_CA_BUNDLE, else $SSL_CERT_FILE"))
    var caFile: String?

    /// Whether the command line names the account's credentials, besides ``profile``.
    var namesCredentials: Bool {
        [authTokenFile, apiKey, apiSecretFile, clientID, clientSecretFile].contains { $0 != nil }
    }

    /// The file of certificate authorities to trust, and the option or variable that names it; nil for the system's.
    ///
    /// libcurl ignores the variables of `curl` and OpenSSL's programs, which companies with TLS-inspecting proxies set.
    func certificateAuthorities(_ environment: Environment) -> (file: String, source: String)? {
        if let caFile { return (caFile, "--ca-file") }
        let variables = ["CURL_CA_BUNDLE", "SSL_CERT_FILE"]
        return variables.lazy.compactMap { name in environment[name].map { ($0, name) } }.first
    }
}
