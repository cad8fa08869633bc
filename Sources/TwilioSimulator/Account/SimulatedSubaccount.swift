public import Support

/// Describes an account that belongs to the main one, with credentials, media, keys and settings of its own.
public struct SimulatedSubaccount: Sendable, Hashable {
    /// Its friendly name.
    public let name: String
    /// Its SID, `AC…`.
    public let sid: String
    /// Its auth token.
    public let authToken: String
    /// The folder with its `recordings`, `video-recordings` and `compositions`; nil for none.
    public let mediaFolder: String?
    /// What it is at the start.
    public let status: AccountStatus

    /// Makes a subaccount's description.
    ///
    /// - Parameters:
    ///   - sid: follows from the name when nil, the same every time; so does the token.
    /// - Throws: `SimulatorError` when the name or the SID can't be one.
    public init(
        name: String, sid: String? = nil, authToken: String? = nil, mediaFolder: String? = nil,
        status: AccountStatus = .active
    ) throws(SimulatorError) {
        guard (1...64).contains(name.count) else {
            throw SimulatorError(.input, "The subaccount's name \(name) isn't 1 to 64 characters long; give another")
        }
        self.name = name
        self.sid = if let sid { sid } else { try derivedSID(prefix: "AC", from: "subaccount/\(name)") }
        guard isSID(self.sid, prefix: "AC") else {
            throw SimulatorError(.input, "\(self.sid) is no SID of an account; give AC and 32 digits")
        }
        self.authToken = if let authToken { authToken } else { try derivedSID(prefix: "", from: "token/\(name)") }
        self.mediaFolder = mediaFolder
        self.status = status
    }
}

/// What an account is allowed to do.
public enum AccountStatus: String, Sendable, Hashable, Codable, CaseIterable {
    /// Everything.
    case active
    /// Nothing with its own credentials, until it is active again; the main account's still read what it has.
    case suspended
    /// As suspended, for good.
    case closed
}
