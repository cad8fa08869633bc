import ArgumentParser
import Support

/// The options that say which subaccounts are mounted as well.
struct SubaccountOptions: ParsableArguments {
    @Flag(help: "Show each active subaccount below accounts/ as well.")
    var subaccounts = false

    @Option(
        help: ArgumentHelp(
            "A file with subaccounts' own credentials, which their video needs.",
            discussion: "Lines 'AC… token' or 'AC… SK… secret'; nobody else may read it.", valueName: "file"))
    var subaccountCredentials: String?

    /// The credentials of subaccounts that have some of their own; nil when no subaccounts are mounted.
    func credentials(_ secrets: SecretReader = SecretReader()) throws(Failure) -> SubaccountCredentials? {
        guard let subaccountCredentials else { return subaccounts ? SubaccountCredentials() : nil }
        guard subaccounts else {
            throw Failure(
                .configuration, "--subaccount-credentials needs --subaccounts, without which none are mounted")
        }
        return try SubaccountCredentials(file: subaccountCredentials, secrets: secrets)
    }
}
