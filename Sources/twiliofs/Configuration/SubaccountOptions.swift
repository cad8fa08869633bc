import ArgumentParser
import Support

/// The options for subaccounts.
struct SubaccountOptions: ParsableArguments {
    @Flag(help: "Also mount each active subaccount, below accounts/.")
    var subaccounts = false

    @Option(
        help: ArgumentHelp(
            "A file with credentials of subaccounts, which their video requires.",
            discussion: "Lines 'AC… token' or 'AC… SK… secret'; only you may be able to read it.", valueName: "file"))
    var subaccountCredentials: String?

    /// The subaccounts' own credentials; nil without subaccounts.
    func credentials(_ secrets: SecretReader = SecretReader()) throws(Failure) -> SubaccountCredentials? {
        guard let subaccountCredentials else { return subaccounts ? SubaccountCredentials() : nil }
        guard subaccounts else {
            throw Failure(
                .configuration,
                "--subaccount-credentials requires --subaccounts, without which no subaccounts are mounted")
        }
        return try SubaccountCredentials(file: subaccountCredentials, secrets: secrets)
    }
}
