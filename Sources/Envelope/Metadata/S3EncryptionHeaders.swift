import Support

/// A response's headers of the S3 encryption client, without S3's prefix and surrounding white space.
struct S3EncryptionHeaders {
    /// The names of the headers, without S3's prefix; the program has no other list of them.
    enum Name: String, CaseIterable {
        case wrappedKey = "x-amz-key"
        case wrappedKeyOfVersion2 = "x-amz-key-v2"
        case initializationVector = "x-amz-iv"
        case keyWrapping = "x-amz-wrap-alg"
        case contentCipher = "x-amz-cek-alg"
        case tagLength = "x-amz-tag-len"
        /// A description of the key material; it isn't part of the envelope, and doesn't indicate encryption.
        case materialDescription = "x-amz-matdesc"
        case plaintextSize = "x-amz-unencrypted-content-length"
        case plaintextMD5 = "x-amz-unencrypted-content-md5"
        case contentCipherOfVersion3 = "x-amz-c"
        case wrappedKeyOfVersion3 = "x-amz-3"

        /// Finds the name of a header in lower case, with or without the prefix; nil for other headers.
        init?(header: String) {
            self.init(
                rawValue: header.hasPrefix(S3EncryptionHeaders.prefix)
                    ? String(header.dropFirst(S3EncryptionHeaders.prefix.count)) : header)
        }
    }

    /// S3's prefix for metadata; the documentation of the client's version 2 omits it.
    private static let prefix = "x-amz-meta-"

    private let values: [Name: String]

    /// Looks up every header of the client by its name in lower case: first with the prefix, then without.
    init(_ value: (String) -> String?) {
        var values: [Name: String] = [:]
        for name in Name.allCases {
            values[name] = (value(Self.prefix + name.rawValue) ?? value(name.rawValue)).map(Self.trimmed)
        }
        self.values = values
    }

    subscript(name: Name) -> String? { values[name] }

    /// The value of a required header.
    func required(_ name: Name) throws(EnvelopeError) -> String {
        guard let value = values[name] else {
            throw EnvelopeMetadata.invalid("The header \(name.rawValue) is missing")
        }
        return value
    }

    /// The bytes of a required Base64 header.
    func requiredBytes(_ name: Name) throws(EnvelopeError) -> [UInt8] {
        try EnvelopeMetadata.decode(base64: required(name), field: "header \(name.rawValue)")
    }

    /// The plaintext's size in bytes from its header, if present.
    func plaintextSize() throws(EnvelopeError) -> Int64? {
        guard let text = values[.plaintextSize] else { return nil }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let size = Int64(text), text.utf8.allSatisfy({ digits ~= $0 }) else {
            throw EnvelopeMetadata.invalid(
                "The header \(Name.plaintextSize.rawValue) is \"\(ForeignText(text.prefix(100)))\", not a number of bytes"
            )
        }
        return size
    }

    private static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
