/// What libcurl needs to sign a request for AWS, with signature version 4; printing it hides every secret.
public struct AWSSignature: Sendable, Hashable {
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

extension AWSSignature: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The access key's identifier, the region and the service.
    public var description: String { "AWS \(accessKey):<redacted> for \(service) in \(region)" }
    /// The description.
    public var debugDescription: String { description }
    /// The description alone.
    public var customMirror: Mirror { Mirror(self, unlabeledChildren: [description]) }
}
