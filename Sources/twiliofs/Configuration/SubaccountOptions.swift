import ArgumentParser
import Support
import Transfer
import TwilioAPI

/// The options for subaccounts.
struct SubaccountOptions: ParsableArguments {
    @Flag(help: "Also mount each active subaccount, below accounts/.")
    var subaccounts = false

    @Option(
        help: .value(
            "file", "A file with credentials of subaccounts, which their video requires.",
            note: "Lines 'AC… token' or 'AC… SK… secret'; only you may be able to read it."))
    var subaccountCredentials: String?

    /// The subaccounts' own credentials; nil without subaccounts.
    func credentials(_ secrets: SecretReader = SecretReader()) throws(Failure) -> [SID: Credential]? {
        guard let subaccountCredentials else { return subaccounts ? [:] : nil }
        guard subaccounts else {
            throw Failure(
                .configuration,
                "--subaccount-credentials requires --subaccounts, without which no subaccounts are mounted")
        }
        return try SubaccountCredentials.read(subaccountCredentials, secrets: secrets)
    }
}
