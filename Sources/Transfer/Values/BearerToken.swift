/// A bearer token (RFC 6750); printing it hides it.
public struct BearerToken: Sendable, Hashable {
    /// The largest token; those of Twilio have about a thousand bytes.
    public static let maximalSize = 16 << 10

    let text: String

    /// Makes a token; nil for a text that can't be sent as one (RFC 6750, 2.1), as an answer's may be.
    public init?(_ text: String) {
        let marks = Array("-._~+/=".utf8)
        let isToken = text.utf8.allSatisfy { character in
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: marks.contains(character)
            }
        }
        guard isToken, (1...Self.maximalSize).contains(text.utf8.count) else { return nil }
        self.text = text
    }
}

extension BearerToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The form alone.
    public var description: String { "Bearer <redacted>" }
    /// The form alone.
    public var debugDescription: String { description }
    /// The form alone.
    public var customMirror: Mirror { Mirror(self, unlabeledChildren: [description]) }
}
