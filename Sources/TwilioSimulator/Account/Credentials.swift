/// Names the account and what opens it.
public struct SimulatedCredentials: Sendable, Hashable {
    /// The account's SID, `AC…`.
    public var accountSID: String
    /// The account's auth token.
    public var authToken: String
    /// An API key's SID, `SK…`.
    public var apiKey: String
    /// The API key's secret.
    public var apiSecret: String
    /// An OAuth client's identifier, `OQ…`.
    public var clientID = "OQ" + String(repeating: "0123456789abcdef", count: 2)
    /// The OAuth client's secret; it has characters that a form must encode.
    public var clientSecret = "simulated+client/secret&=%"

    /// Makes credentials; without arguments they are the same every time.
    public init(
        accountSID: String = "AC" + String(repeating: "0123456789abcdef", count: 2),
        authToken: String = String(repeating: "fedcba98", count: 4),
        apiKey: String = "SK" + String(repeating: "0123456789abcdef", count: 2), apiSecret: String = "simulated-secret"
    ) {
        self.accountSID = accountSID
        self.authToken = authToken
        self.apiKey = apiKey
        self.apiSecret = apiSecret
    }
}
