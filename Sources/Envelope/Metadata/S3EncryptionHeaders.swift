import Support

/// The headers of one response that belong to the S3 encryption client, without S3's prefix and white space around
/// them.
struct S3EncryptionHeaders {
    /// The names without S3's prefix: the only list of them.
    static let names = [
        "x-amz-key", "x-amz-key-v2", "x-amz-iv", "x-amz-cek-alg", "x-amz-wrap-alg", "x-amz-tag-len", "x-amz-matdesc",
        "x-amz-unencrypted-content-length", "x-amz-unencrypted-content-md5", "x-amz-c", "x-amz-3",
    ]

    /// The header that describes the material and not the envelope: alone it doesn't say that anything is encrypted.
    static let description = "x-amz-matdesc"

    /// The prefix that S3 gives to metadata; version 2 of the client's is documented without it.
    static let prefix = "x-amz-meta-"

    /// The name of a header without the prefix; nil when it isn't one of the client's.
    ///
    /// - Parameter name: in lower case.
    static func bareName(of name: String) -> String? {
        let bare = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
        return names.contains(bare) ? bare : nil
    }

    private let values: [String: String]

    /// Looks every header of the client up, by its name in lower case, with the prefix first.
    init(_ value: (String) -> String?) {
        var values: [String: String] = [:]
        for name in Self.names {
            values[name] = (value(Self.prefix + name) ?? value(name)).map(Self.trimmed)
        }
        self.values = values
    }

    subscript(name: String) -> String? { values[name] }

    /// The value of a header that has to be there.
    func required(_ name: String) throws(EnvelopeError) -> String {
        guard let value = values[name] else {
            throw EnvelopeMetadata.invalid("The header \(name) is missing")
        }
        return value
    }

    func initializationVector() throws(EnvelopeError) -> [UInt8] {
        try EnvelopeMetadata.decode(base64: try required("x-amz-iv"), field: "header x-amz-iv")
    }

    /// The size in bytes that the header tells, if there is one.
    func plaintextSize() throws(EnvelopeError) -> Int64? {
        guard let text = values["x-amz-unencrypted-content-length"] else { return nil }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let size = Int64(text), text.utf8.allSatisfy({ digits ~= $0 }) else {
            throw EnvelopeMetadata.invalid(
                "The header x-amz-unencrypted-content-length is \"\(ForeignText(text.prefix(100)))\", not a number of bytes"
            )
        }
        return size
    }

    func plaintextMD5() throws(EnvelopeError) -> [UInt8]? {
        guard let text = values["x-amz-unencrypted-content-md5"] else { return nil }
        return try EnvelopeMetadata.decode(base64: text, field: "header x-amz-unencrypted-content-md5")
    }

    private static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
