import Support

/// The head of a response.
public struct ResponseHead: Sendable {
    /// The status code (RFC 9110, 15).
    public let status: Int
    /// The header fields.
    public let headers: HeaderFields
    /// The address that sent it, after redirects; with credentials only if they were sent there.
    public let address: Address

    /// The announced size of the body in bytes, if any; invalid sizes are found by `fault`.
    public var contentLength: Int64? { headers["Content-Length"].flatMap { Int64(size: $0) } }

    /// The fault of a response that can't be understood.
    ///
    /// A length that is no number, negative or beyond `Bounds.largestSize`, or two different lengths, are worse than
    /// none (RFC 9112, 6.3).
    var fault: String? {
        let lengths = headers.filter { HeaderFields.isSame($0.name, "Content-Length") }.map(\.value)
        guard let first = lengths.first else { return nil }
        guard lengths.allSatisfy({ $0 == first }) else { return "announced two different lengths" }
        guard Int64(size: first) != nil else { return "announced the invalid length '\(ForeignText(first))'" }
        return nil
    }

    /// The identifier that the server gave the request, by which its operator finds it: Twilio's, S3's or CloudFront's.
    var requestIdentifier: ForeignText? {
        let names = ["Twilio-Request-Id", "x-amz-request-id", "X-Amz-Cf-Id"]
        return names.lazy.compactMap { headers[$0] }.first { !$0.isEmpty }.map { ForeignText($0) }
    }

    /// The range of a partial response; nil when the field is absent or malformed.
    public var contentRange: ContentRange? { headers["Content-Range"].flatMap { ContentRange($0) } }
}

extension ResponseHead: CustomStringConvertible {
    /// The status and the address.
    public var description: String { "status \(status) from \(address)" }
}

/// A whole response.
public struct Response: Sendable {
    /// Its head.
    public let head: ResponseHead
    /// Its body.
    public let body: [UInt8]

    /// Whether it may mean that a presigned URL has expired.
    ///
    /// S3 sends 403 in most cases, and 400 with `ExpiredToken` after the end of the signer's session.
    var mayMeanExpiry: Bool {
        switch head.status {
        case 403: true
        case 401: head.address.credentials == nil
        case 400: meansExpiry
        default: false
        }
    }

    /// Whether it says that a presigned URL has expired: S3 in its message or by a code, CloudFront by a code.
    var meansExpiry: Bool {
        guard [400, 401, 403].contains(head.status) else { return false }
        let code = text(ofElement: "Code")
        return code?.hasPrefix("Expired") == true || code == "TokenRefreshRequired"
            || text(ofElement: "Message")?.hasPrefix("Request has expired") == true
    }

    /// The codes with which S3 refuses what passes by itself.
    private static let transientCodes: Set = [
        "RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException",
        "RequestThrottled", "RequestLimitExceeded", "BandwidthLimitExceeded", "Busy",
    ]

    /// Whether it is a refusal by S3 that passes by itself, whatever its status.
    ///
    /// Source: Amazon S3 API Reference, "Error responses"; compatible stores use the same words.
    var isTransientRefusalOfS3: Bool {
        guard (400..<500).contains(head.status) else { return false }
        return text(ofElement: "Code").map { Self.transientCodes.contains($0) } ?? false
    }

    /// How much of a body is searched: S3 begins its documents with code and message, and the transfer thread, on which
    /// this happens, has no time for a long page.
    static let searchedSize = 2 << 10

    /// The text of the first element of a name, up to the next tag.
    private func text(ofElement name: String) -> String? {
        let start = body.prefix(Self.searchedSize)
        guard let tag = start.firstRange(of: Array("<\(name)>".utf8)) else { return nil }
        return String(decoding: start[tag.upperBound...].prefix { $0 != UInt8(ascii: "<") }, as: UTF8.self)
    }
}

extension Response: CustomStringConvertible, CustomDebugStringConvertible {
    /// The status, the address and the body's size; never the body, which can contain a presigned URL.
    public var description: String { "\(head), \(body.count) bytes" }
    /// The description.
    public var debugDescription: String { description }
}
