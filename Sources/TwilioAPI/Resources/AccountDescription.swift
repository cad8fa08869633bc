public import Support

/// An account or subaccount in the list of accounts.
public struct AccountDescription: Hashable, Sendable {
    /// Its SID, `AC…`.
    public let sid: SID
    /// Its name, if its owner gave one.
    public let friendlyName: ForeignText?
    /// Its status: `active`, `suspended` or `closed`; empty when missing.
    public let status: ForeignText

    /// Reads the account at a scanner's position.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` unless it is an object with an account
    ///   SID.
    init(from scanner: inout JSONScanner) throws(TwilioError) {
        var fields: [String: String] = [:]
        var member = try scanner.enterObject()
        while let token = member {
            let name = try scanner.name(token)
            if case .text(let text) = try scanner.value(), fields[name] == nil { fields[name] = scanner.string(text) }
            member = try scanner.nextMember()
        }
        guard let sid = fields["sid"].flatMap({ SID($0, letters: .account) }) else {
            throw TwilioError(.malformedAnswer, "an account in the list of accounts has no SID of an account")
        }
        self.sid = sid
        friendlyName = fields["friendly_name"].flatMap { $0.isEmpty ? nil : ForeignText($0) }
        status = ForeignText(fields["status"] ?? "")
    }
}
