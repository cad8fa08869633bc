import Support

/// The beginning of an answer: everything but its body.
public struct ResponseHead: Sendable {
    /// The status code (RFC 9110, 15).
    public let status: Int
    /// The header fields.
    public let headers: HeaderFields
    /// Where it came from, after redirects; with its credentials only if they were sent there.
    public let address: Address

    /// Makes a head.
    public init(status: Int, headers: HeaderFields, address: Address) {
        self.status = status
        self.headers = headers
        self.address = address
    }

    /// The announced size of the body in bytes; `nil` when it is absent.
    ///
    /// Heads that came from a server have none that isn't a size: see `fault`.
    public var contentLength: Int64? {
        headers["Content-Length"].flatMap { Int64(size: $0) }
    }

    /// What makes the answer one that can't be understood; `nil` when nothing does.
    ///
    /// A length that is no number, negative or beyond `Bounds.largestSize`, or two that differ: such an answer has no
    /// length that could be trusted, which isn't the same as having none (RFC 9112, 6.3).
    var fault: String? {
        let lengths = headers.filter { HeaderFields.isSame($0.name, "Content-Length") }.map(\.value)
        guard let first = lengths.first else { return nil }
        guard lengths.allSatisfy({ $0 == first }) else { return "announced two different lengths" }
        guard Int64(size: first) != nil else { return "announced the invalid length '\(ForeignText(first))'" }
        return nil
    }

    /// Which bytes a partial answer holds; `nil` when the field is absent or malformed.
    public var contentRange: ContentRange? {
        headers["Content-Range"].flatMap { ContentRange($0) }
    }
}

extension ResponseHead: CustomStringConvertible {
    /// The status and where it came from.
    public var description: String { "status \(status) from \(address)" }
}

/// A whole answer.
public struct Response: Sendable {
    /// Its beginning.
    public let head: ResponseHead
    /// Its body.
    public let body: [UInt8]

    /// Makes an answer.
    public init(head: ResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}

extension Response {
    /// Whether it may mean that a presigned URL has expired.
    ///
    /// S3 says 403 for most of it, and 400 with `ExpiredToken` when the signer's session has ended.
    var mayMeanExpiry: Bool {
        switch head.status {
        case 403: true
        case 401: head.address.credentials == nil
        case 400: String(decoding: body, as: UTF8.self).contains("<Code>Expired")
        default: false
        }
    }
}

extension Response: CustomStringConvertible, CustomDebugStringConvertible {
    /// The status, where it came from and the body's size; never the body, which can hold a presigned URL.
    public var description: String { "\(head), \(body.count) bytes" }

    /// The same as the description.
    public var debugDescription: String { description }
}
