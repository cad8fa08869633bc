/// The beginning of an answer: everything but its body.
public struct ResponseHead: Sendable {
    /// The status code (RFC 9110, 15).
    public let status: Int
    /// The header fields.
    public let headers: HeaderFields
    /// Where it came from, after redirects; with the credential only if it was sent there.
    public let address: Address

    /// Makes a head.
    public init(status: Int, headers: HeaderFields, address: Address) {
        self.status = status
        self.headers = headers
        self.address = address
    }

    /// The announced size of the body in bytes; `nil` when it is absent or not a number.
    public var contentLength: Int64? {
        headers["Content-Length"].flatMap { Int64(digits: $0) }
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

extension Response: CustomStringConvertible, CustomDebugStringConvertible {
    /// The status, where it came from and the body's size; never the body, which can hold a presigned URL.
    public var description: String { "\(head), \(body.count) bytes" }

    /// The same as the description.
    public var debugDescription: String { description }
}
