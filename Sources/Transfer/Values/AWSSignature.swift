public import Support

/// What libcurl needs to sign a request for AWS, with signature version 4; printing it hides every secret.
///
/// libcurl signs the path and the query as they stand in the URL, the host, and every header field that was set by
/// `CURLOPT_HTTPHEADER`. So the URL has to be written as AWS canonicalizes it: percent-encoded but for letters, digits,
/// `-`, `.`, `_`, `~` and slashes, with capital digits. It is for requests without a body.
public struct AWSSignature: Sendable, Hashable {
    /// SHA-256 of no bytes, in hexadecimal.
    static let hashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// The access key's identifier.
    public let accessKey: String
    let secretKey: String
    let sessionToken: String?
    /// The region that the signature is for, such as `eu-central-1`.
    public let region: String
    /// The service that the signature is for, such as `s3`.
    public let service: String

    /// Makes the parts of a signature.
    ///
    /// - Parameters:
    ///   - accessKey: The access key's identifier.
    ///   - secretKey: The access key's secret.
    ///   - sessionToken: The token of a temporary access key.
    ///   - region: The region of the service.
    ///   - service: The service.
    public init(accessKey: String, secretKey: String, sessionToken: String? = nil, region: String, service: String) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.region = region
        self.service = service
    }
}

extension AWSSignature: Redacted {
    /// The access key's identifier, the region and the service.
    public var description: String { "AWS \(accessKey):<redacted> for \(service) in \(region)" }
}
