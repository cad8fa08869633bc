public import Support

/// What authorizes one request; printing it hides every secret.
public enum Authorization: Sendable, Hashable {
    /// HTTP Basic authentication (RFC 7617).
    case basic(Credential)
    /// A bearer token (RFC 6750), as OAuth's.
    case bearer(BearerToken)
    /// HTTP Basic authentication, and the request's signature in the field `Twilio-Client-Validation`.
    case signed(Credential, token: String)
    /// A signature of AWS, version 4, which libcurl makes.
    case aws(AWSSignature)

    /// A form of authorization, without its secrets.
    public enum Form: Sendable, Hashable {
        /// See ``Authorization/basic(_:)``.
        case basic
        /// See ``Authorization/bearer(_:)``.
        case bearer
        /// See ``Authorization/signed(_:token:)``.
        case signed
        /// See ``Authorization/aws(_:)``.
        case aws
    }

    /// The form.
    public var form: Form {
        switch self {
        case .basic: .basic
        case .bearer: .bearer
        case .signed: .signed
        case .aws: .aws
        }
    }

    /// The user name, which is no secret; nil for forms without one.
    var username: String? {
        switch self {
        case .basic(let credential), .signed(let credential, _): credential.username
        case .bearer, .aws: nil
        }
    }

    /// The header fields that carry it, besides those that libcurl makes from its other options.
    var headers: [(String, String)] {
        switch self {
        case .basic: []
        case .bearer(let token): [("Authorization", "Bearer \(token.text)")]
        case .signed(_, let token): [("Twilio-Client-Validation", token)]
        case .aws(let signature):
            // libcurl 7.88 signs the hash of the body, but S3 wants to be told it too.
            [("x-amz-content-sha256", AWSSignature.hashOfNothing)]
                + (signature.sessionToken.map { [("x-amz-security-token", $0)] } ?? [])
        }
    }

    /// The error of an authorization with characters in it that could begin another header field or option.
    var fault: TransferError? {
        let parts: [String] =
            switch self {
            case .basic: []
            case .bearer(let token): [token.text]
            case .signed(_, let token): [token]
            case .aws(let signature):
                [signature.accessKey, signature.region, signature.service] + [signature.sessionToken].compactMap(\.self)
            }
        // libcurl takes region and service in one option, divided by colons.
        var isDivided = false
        if case .aws(let signature) = self { isDivided = (signature.region + signature.service).contains(":") }
        guard !isDivided, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } }) else {
            return TransferError(
                .invalidConfiguration, "A credential has characters in it that can't be sent.")
        }
        return nil
    }
}

extension Authorization: Redacted {
    /// The form, and the name where it has one.
    public var description: String {
        switch self {
        case .basic(let credential): "Basic \(credential)"
        case .bearer(let token): "\(token)"
        case .signed(let credential, _): "Signed \(credential)"
        case .aws(let signature): "\(signature)"
        }
    }
}
