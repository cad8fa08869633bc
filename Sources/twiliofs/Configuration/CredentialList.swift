import Envelope
import Support
import Transfer
import TwilioAPI

/// A file with the credentials of accounts, one account a line.
enum CredentialList {
    /// Room for more than a thousand accounts.
    private static let sizeLimit = 1 << 20

    /// Whose credentials a file has.
    enum Owner: String {
        case subaccount
        case account
    }

    /// Reads lines `AC… token` or `AC… SK… secret` of a file, and skips empty lines and those that begin with `#`.
    ///
    /// - Parameters:
    ///   - what: The name of the file's contents.
    ///   - owner: Whose credentials they are.
    static func read(
        _ file: String, what: String, of owner: Owner, secrets: SecretReader = SecretReader()
    ) throws(Failure) -> [SID: Credential] {
        var credentials: [SID: Credential] = [:]
        let text = try secrets.lines(file, what: what, limit: sizeLimit, isOwnersAlone: true)
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            // Messages don't quote the line: it may hold a misplaced secret.
            let place = "line \(index + 1) of '\(file)'"
            guard let account = SID(first), account.prefix == "AC" else {
                throw Failure(.credentials, "\(place) doesn't begin with the SID of \(owner.withArticle), AC…")
            }
            let credential: Credential
            switch words.count {
            case 2 where SID(words[1])?.prefix != "SK":
                credential = Credential(username: account.description, password: String(words[1]))
            case 3 where SID(words[1])?.prefix == "SK":
                credential = Credential(username: String(words[1]), password: String(words[2]))
            default:
                throw Failure(
                    .credentials,
                    "\(place) needs a token, or the SID of an API key, SK…, and its secret, after the"
                        + " \(owner.rawValue)'s SID")
            }
            guard credentials.updateValue(credential, forKey: account) == nil else {
                throw Failure(
                    .credentials, "\(place) names \(account) once more: leave one line for each \(owner.rawValue)")
            }
        }
        return credentials
    }
}

extension CredentialList.Owner {
    fileprivate var withArticle: String {
        switch self {
        case .subaccount: "a subaccount"
        case .account: "an account"
        }
    }
}
