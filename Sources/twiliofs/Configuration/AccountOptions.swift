import ArgumentParser

/// The options for the account and its credentials.
struct AccountOptions: ParsableArguments {
    @Option(
        name: .customLong("account-sid"),
        help: ArgumentHelp("The account's SID.", discussion: "Default: $TWILIO_ACCOUNT_SID.", valueName: "AC…"))
    var accountSID: String?

    @Option(
        help: ArgumentHelp(
            "A file with the account's auth token.", discussion: "Default: $TWILIO_AUTH_TOKEN, else a prompt.",
            valueName: "file"))
    var authTokenFile: String?

    @Option(
        help: ArgumentHelp(
            "The SID of an API key, used instead of the auth token.", discussion: "Default: $TWILIO_API_KEY.",
            valueName: "SK…"))
    var apiKey: String?

    @Option(
        help: ArgumentHelp(
            "A file with the API key's secret.", discussion: "Default: $TWILIO_API_SECRET or $TWILIO_API_KEY_SECRET.",
            valueName: "file"))
    var apiSecretFile: String?

    @Option(
        help: ArgumentHelp(
            "The region of the account's data.", discussion: "Default: $TWILIO_REGION.", valueName: "name"))
    var region: String?

    @Option(
        help: ArgumentHelp(
            "The edge used to reach Twilio.", discussion: "Default: $TWILIO_EDGE, else the region's.",
            valueName: "name"))
    var edge: String?

    @Option(
        name: .customLong("api-url"),
        help: ArgumentHelp(
            "A different URL of the 2010 API.", discussion: "Default: $TWILIOFS_API_URL.", valueName: "url"))
    var apiURL: String?

    @Option(
        name: .customLong("video-url"),
        help: ArgumentHelp(
            "A different URL of the video API.", discussion: "Default: $TWILIOFS_VIDEO_URL.", valueName: "url"))
    var videoURL: String?

    @Option(
        help: ArgumentHelp(
            "Certificate authorities (PEM) to trust instead of the system's.",
            discussion: "Default: $CURL_CA_BUNDLE, else $SSL_CERT_FILE.", valueName: "file"))
    var caFile: String?
}
