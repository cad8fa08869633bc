import Support
import Transfer

/// The requests of a ``CredentialCheck``.
extension TwilioClient {
    /// Requests the smallest page of a list.
    ///
    /// - Parameter completion: Called on the transfer thread, or at once when the request can't be made.
    func askForOne(
        of kind: MediaKind, patience: Patience,
        completion: @escaping @Sendable (Result<Response, TwilioError>) -> Void
    ) {
        let request = Result { () throws(TwilioError) in
            Request(
                address: try address(for: kind, "\(listAddress(of: kind))?PageSize=1"), patience: patience,
                bodyLimit: 1 << 20)
        }
        send(request, subject: "the list of \(kind.pluralName)", completion: completion)
    }

    /// Checks that the answer to ``askForOne(of:patience:completion:)`` is a page of this account's list.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer``.
    func check(_ answer: Response, of kind: MediaKind) throws(TwilioError) {
        let subject = "the answer for the list of \(kind.pluralName)"
        let page = try ListPage(answer.body, key: kind.traits.pageKey, subject: subject) {
            scanner throws(TwilioError) in try Self.accountSID(ofResourceAt: &scanner)
        }
        if let stranger = page.elements.lazy.compactMap(\.self).first(where: { $0 != account }) {
            throw TwilioError(
                .malformedAnswer, "\(kind.pluralName) of \(stranger) were sent where \(account)'s were asked for")
        }
    }

    /// Reads the account of the resource at a scanner's position and skips the resource; nil when it has none.
    private static func accountSID(ofResourceAt scanner: inout JSONScanner) throws(TwilioError) -> SID? {
        var account: SID?
        var member = try scanner.enterObject()
        while let token = member {
            let name = try scanner.name(token)
            if case .text(let text) = try scanner.value(), name == "account_sid" {
                account = scanner.string(text).flatMap { SID($0) }
            }
            member = try scanner.nextMember()
        }
        return account
    }
}
