import Support
import Transfer

/// An access key of AWS, with the token of its session if it is a temporary one; printing it hides the secrets.
struct AWSKey: Hashable, Sendable {
    /// The largest session token: Amazon warns that they grow.
    private static let longestToken = 16 << 10

    let identifier: String
    private let secret: String
    private let sessionToken: String?
    /// Where it comes from, for messages.
    let source: String

    /// Makes a key; throws ``AWSError`` for one that can't be sent, without repeating it.
    init(identifier: String, secret: String, sessionToken: String?, source: String) throws(AWSError) {
        func isPrintable(_ text: String, atMost limit: Int) -> Bool {
            (1...limit).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
        }
        // The slash ends the identifier within the signature's scope, and the comma ends that.
        guard isPrintable(identifier, atMost: 128), !identifier.contains("/"), !identifier.contains(",") else {
            throw AWSError(.malformedKey, "the AWS access key ID of \(source) has characters in it that can't be sent")
        }
        guard isPrintable(secret, atMost: 1024) else {
            throw AWSError(.malformedKey, "the AWS secret access key of \(source) is malformed")
        }
        if let sessionToken, !isPrintable(sessionToken, atMost: Self.longestToken) {
            throw AWSError(.malformedKey, "the AWS session token of \(source) is malformed")
        }
        self.identifier = identifier
        self.secret = secret
        self.sessionToken = sessionToken
        self.source = source
    }

    /// The signature of a request to S3 in a region.
    func signature(region: String) -> AWSSignature {
        AWSSignature(
            accessKey: identifier, secretKey: secret, sessionToken: sessionToken, region: region, service: "s3")
    }
}

extension AWSKey: Redacted {
    /// The identifier alone.
    var description: String { "\(identifier):<redacted>" }
}
