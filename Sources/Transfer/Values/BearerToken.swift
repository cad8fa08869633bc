public import Support

/// A bearer token (RFC 6750); printing it hides it.
public struct BearerToken: Sendable, Hashable {
    /// The largest token; those of Twilio have about a thousand bytes.
    public static let maximalSize = 16 << 10

    let text: String

    /// Makes a token; nil for a text that can't be sent as one (RFC 6750, 2.1), as an answer's may be.
    public init?(_ text: String) {
        let isToken = text.utf8.allSatisfy { PercentEncoding.isUnreserved($0) || "+/=".utf8.contains($0) }
        guard isToken, (1...Self.maximalSize).contains(text.utf8.count) else { return nil }
        self.text = text
    }
}

extension BearerToken: Redacted {
    /// The form alone.
    public var description: String { "Bearer <redacted>" }
}
