import Support

/// The headers of one response that belong to the S3 encryption client, without S3's prefix and white space around
/// them.
struct S3EncryptionHeaders {
    /// The name of a header without S3's prefix: the only list of them.
    enum Name: String, CaseIterable {
        case wrappedKey = "x-amz-key"
        case wrappedKeyOfVersion2 = "x-amz-key-v2"
        case initializationVector = "x-amz-iv"
        case keyWrapping = "x-amz-wrap-alg"
        case contentCipher = "x-amz-cek-alg"
        case tagLength = "x-amz-tag-len"
        /// Describes the material and not the envelope: alone it doesn't say that anything is encrypted.
        case materialDescription = "x-amz-matdesc"
        case plaintextSize = "x-amz-unencrypted-content-length"
        case plaintextMD5 = "x-amz-unencrypted-content-md5"
        case contentCipherOfVersion3 = "x-amz-c"
        case wrappedKeyOfVersion3 = "x-amz-3"

        /// Finds the name of a header, with the prefix or without.
        ///
        /// - Parameter header: In lower case.
        /// - Returns: `nil` when the header isn't one of the client's.
        init?(header: String) {
            self.init(
                rawValue: header.hasPrefix(S3EncryptionHeaders.prefix)
                    ? String(header.dropFirst(S3EncryptionHeaders.prefix.count)) : header)
        }
    }

    /// The prefix that S3 gives to metadata; version 2 of the client's is documented without it.
    private static let prefix = "x-amz-meta-"

    private let values: [Name: String]

    /// Looks every header of the client up, by its name in lower case, with the prefix first.
    init(_ value: (String) -> String?) {
        var values: [Name: String] = [:]
        for name in Name.allCases {
            values[name] = (value(Self.prefix + name.rawValue) ?? value(name.rawValue)).map(Self.trimmed)
        }
        self.values = values
    }

    subscript(name: Name) -> String? { values[name] }

    /// The value of a header that has to be there.
    func required(_ name: Name) throws(EnvelopeError) -> String {
        guard let value = values[name] else {
            throw EnvelopeMetadata.invalid("The header \(name.rawValue) is missing")
        }
        return value
    }

    /// The bytes of a header in Base64 that has to be there.
    func requiredBytes(_ name: Name) throws(EnvelopeError) -> [UInt8] {
        try EnvelopeMetadata.decode(base64: try required(name), field: "header \(name.rawValue)")
    }

    /// The size in bytes that the header tells, if there is one.
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

    /// The MD5 that the header tells, if there is one.
    func plaintextMD5() throws(EnvelopeError) -> [UInt8]? {
        values[.plaintextMD5] == nil ? nil : try requiredBytes(.plaintextMD5)
    }

    private static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
