public import Support

extension EnvelopeMetadata {
    /// Reads the metadata that the Amazon S3 encryption client stores with an object, which is what Twilio seals video
    /// with.
    ///
    /// Version 1 (`x-amz-key`) is AES-256-CBC with RSAES-PKCS1-v1_5; version 2 (`x-amz-key-v2`) names its schemes.
    /// Names come with S3's prefix `x-amz-meta-` in HTTP headers; without it is tried too.
    ///
    /// Sources: Twilio, "Encrypting Your Stored Media"; AWS, "S3 Encryption Client: Content Metadata".
    ///
    /// - Parameter value: Looks up a header by its name in lower case, whatever case it was sent in.
    /// - Returns: `nil` when the object isn't encrypted: no header of the client is there.
    /// - Throws: `unsupportedScheme` naming what isn't known; `invalidMetadata`.
    public static func s3EncryptionClient(
        _ value: (_ lowerCaseName: String) -> String?
    ) throws(EnvelopeError) -> EnvelopeMetadata? {
        let headers = S3EncryptionHeaders(value)
        if let cipher = headers["x-amz-c"] ?? headers["x-amz-3"].map({ _ in "version 3" }) {
            throw unsupported("x-amz-c", cipher)
        }
        switch (headers["x-amz-key"], headers["x-amz-key-v2"]) {
        case (let wrappedKey?, nil):
            return try version1(wrappedKey: wrappedKey, headers)
        case (nil, let wrappedKey?):
            return try version2(wrappedKey: wrappedKey, headers)
        case (nil, nil):
            // Taking ciphertext for plaintext because its key got lost would be worse than refusing.
            for name in S3EncryptionHeaders.names
            where name != S3EncryptionHeaders.description && headers[name] != nil {
                throw invalid("The header \(name) says that the media is encrypted, but none has the wrapped key")
            }
            return nil
        case (.some, .some):
            throw invalid("The headers x-amz-key and x-amz-key-v2 exclude each other, but both are there")
        }
    }

    /// Picks the headers of a response that belong to the client's metadata, by their names in lower case.
    ///
    /// - Returns: An empty dictionary when the object isn't encrypted.
    public static func s3EncryptionClientFields(
        of headers: some Sequence<(name: String, value: String)>
    ) -> [String: String] {
        var fields: [String: String] = [:]
        for (name, value) in headers {
            let name = name.lowercased()
            // Of a field that comes twice, the first counts, as wherever headers are looked up.
            if S3EncryptionHeaders.bareName(of: name) != nil, fields[name] == nil { fields[name] = value }
        }
        let isEnvelope = fields.keys.contains { !$0.hasSuffix(S3EncryptionHeaders.description) }
        return isEnvelope ? fields : [:]
    }

    /// The name of a header of the client's metadata that a response has twice with different values; nil when there is
    /// none.
    ///
    /// - Parameter headers: names and values, in the order in which they came.
    public static func contradictoryS3EncryptionClientField(
        of headers: some Sequence<(name: String, value: String)>
    ) -> String? {
        var values: [String: String] = [:]
        for (name, value) in headers {
            guard let bare = S3EncryptionHeaders.bareName(of: name.lowercased()) else { continue }
            if let earlier = values.updateValue(value, forKey: bare), earlier != value { return bare }
        }
        return nil
    }

    private static func version1(
        wrappedKey: String, _ headers: S3EncryptionHeaders
    ) throws(EnvelopeError) -> EnvelopeMetadata {
        try EnvelopeMetadata(
            cipher: .aes256CBC, wrapping: .rsaPKCS1v15,
            wrappedKey: try decode(base64: wrappedKey, field: "header x-amz-key"),
            initializationVector: try headers.initializationVector(),
            plaintextSize: try headers.plaintextSize(), plaintextMD5: try headers.plaintextMD5())
    }

    private static func version2(
        wrappedKey: String, _ headers: S3EncryptionHeaders
    ) throws(EnvelopeError) -> EnvelopeMetadata {
        let cipherName = try headers.required("x-amz-cek-alg")
        guard let cipher = ContentCipher(javaName: cipherName) else {
            throw unsupported("x-amz-cek-alg", cipherName)
        }
        let wrappingName = try headers.required("x-amz-wrap-alg")
        let wrapping: KeyWrapping
        switch wrappingName {
        case "RSA/ECB/OAEPWithSHA-256AndMGF1Padding": wrapping = .rsaOAEPSHA256
        case "RSA-OAEP-SHA1": wrapping = .rsaOAEPSHA1KEM
        default: throw unsupported("x-amz-wrap-alg", wrappingName)
        }
        if cipher == .aes256GCM, case let size = try headers.required("x-amz-tag-len"), size != "128" {
            throw invalid("The header x-amz-tag-len is \"\(ForeignText(size.prefix(100)))\" instead of 128")
        }
        return try EnvelopeMetadata(
            cipher: cipher, wrapping: wrapping,
            wrappedKey: try decode(base64: wrappedKey, field: "header x-amz-key-v2"),
            initializationVector: try headers.initializationVector(),
            plaintextSize: try headers.plaintextSize(), plaintextMD5: try headers.plaintextMD5())
    }
}

extension EnvelopeMetadata.ContentCipher {
    /// The name that Java's cryptography architecture, and so the S3 encryption client, has for the cipher.
    var javaName: String {
        switch self {
        case .aes256GCM: "AES/GCM/NoPadding"
        case .aes256CBC: "AES/CBC/PKCS5Padding"
        }
    }

    /// Finds the cipher that Java calls so.
    init?(javaName: String) {
        switch javaName {
        case Self.aes256GCM.javaName: self = .aes256GCM
        case Self.aes256CBC.javaName: self = .aes256CBC
        default: return nil
        }
    }
}
