import ArgumentParser

/// The options for subaccounts, and for credentials of video.
struct SubaccountOptions: ParsableArguments {
    @Option(
        help: .value(
            "file", "A file with the credentials of video, if they aren't those of voice.",
            note: "Lines 'AC… token' or 'AC… SK… secret'; only you may be able to read it."))
    var videoCredentials: String?

    @Flag(help: "Also mount each active subaccount, below accounts/.")
    var subaccounts = false

    @Option(
        help: .value(
            "file", "A file with credentials of subaccounts, which their video requires.",
            note: "Lines 'AC… token' or 'AC… SK… secret'; only you may be able to read it."))
    var subaccountCredentials: String?
}
