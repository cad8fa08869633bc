public import Support

extension EnvelopeMetadata {
    /// Reads the metadata that the Amazon S3 encryption client stores with an object; Twilio seals video with it.
    ///
    /// Version 1 (`x-amz-key`) is AES-256-CBC with RSAES-PKCS1-v1_5; version 2 (`x-amz-key-v2`) names its schemes.
    /// Names are accepted with and without S3's prefix `x-amz-meta-`. Sources: Twilio, "Encrypting Your Stored Media";
    /// AWS, "S3 Encryption Client: Content Metadata".
    ///
    /// - Parameters:
    ///   - publicKeySID: The SID (`CR…`) of the public key, where known: no header names it.
    ///   - value: Returns the value of the header with a name in lower case.
    /// - Returns: nil without a header of the client: the object isn't encrypted.
    /// - Throws: `unsupportedScheme` with the name of an unknown scheme; `invalidMetadata`.
    public static func s3EncryptionClient(
        publicKeySID: String? = nil, _ value: (_ lowerCaseName: String) -> String?
    ) throws(EnvelopeError) -> EnvelopeMetadata? {
        let headers = S3EncryptionHeaders(value)
        if let cipher = headers[.contentCipherOfVersion3] ?? headers[.wrappedKeyOfVersion3].map({ _ in "version 3" }) {
            throw unsupported(.contentCipherOfVersion3, cipher)
        }
        switch (headers[.wrappedKey], headers[.wrappedKeyOfVersion2]) {
        case (.some, nil):
            return try version1(headers, publicKeySID)
        case (nil, .some):
            return try version2(headers, publicKeySID)
        case (nil, nil):
            // Refusing is better than serving ciphertext as plaintext after the key got lost.
            for name in S3EncryptionHeaders.Name.allCases where name != .materialDescription && headers[name] != nil {
                throw invalid(
                    "The header \(name.rawValue) says that the media is encrypted, but none has the wrapped key")
            }
            return nil
        case (.some, .some):
            throw invalid(
                "The headers \(S3EncryptionHeaders.Name.wrappedKey.rawValue) and"
                    + " \(S3EncryptionHeaders.Name.wrappedKeyOfVersion2.rawValue) exclude each other, but both are there"
            )
        }
    }

    /// Returns the headers of the client's metadata, by their names in lower case; none for an unencrypted object.
    public static func s3EncryptionClientFields(
        of headers: some Sequence<(name: String, value: String)>
    ) -> [String: String] {
        var fields: [String: String] = [:]
        var isEnvelope = false
        for (header, value) in headers {
            let header = header.lowercased()
            // The first of repeated fields counts, as in every header look-up.
            guard let name = S3EncryptionHeaders.Name(header: header), fields[header] == nil else { continue }
            fields[header] = value
            if name != .materialDescription { isEnvelope = true }
        }
        return isEnvelope ? fields : [:]
    }

    /// Returns a header of the client's metadata that a response has twice with different values.
    ///
    /// - Parameter headers: Names and values, in the order received.
    public static func contradictoryS3EncryptionClientField(
        of headers: some Sequence<(name: String, value: String)>
    ) -> String? {
        var values: [S3EncryptionHeaders.Name: String] = [:]
        for (header, value) in headers {
            guard let name = S3EncryptionHeaders.Name(header: header.lowercased()) else { continue }
            if let earlier = values.updateValue(value, forKey: name), earlier != value { return name.rawValue }
        }
        return nil
    }

    private static func version1(
        _ headers: S3EncryptionHeaders, _ publicKeySID: String?
    ) throws(EnvelopeError) -> EnvelopeMetadata {
        try EnvelopeMetadata(
            cipher: .aes256CBC, wrapping: .rsaPKCS1v15, wrappedKey: try headers.requiredBytes(.wrappedKey),
            initializationVector: try headers.requiredBytes(.initializationVector), publicKeySID: publicKeySID,
            plaintextSize: try headers.plaintextSize(), plaintextMD5: try headers.plaintextMD5())
    }

    private static func version2(
        _ headers: S3EncryptionHeaders, _ publicKeySID: String?
    ) throws(EnvelopeError) -> EnvelopeMetadata {
        let cipherName = try headers.required(.contentCipher)
        guard let cipher = ContentCipher(javaName: cipherName) else {
            throw unsupported(.contentCipher, cipherName)
        }
        let wrappingName = try headers.required(.keyWrapping)
        let wrapping: KeyWrapping
        switch wrappingName {
        case "RSA/ECB/OAEPWithSHA-256AndMGF1Padding": wrapping = .rsaOAEPSHA256
        case "RSA-OAEP-SHA1": wrapping = .rsaOAEPSHA1KEM
        default: throw unsupported(.keyWrapping, wrappingName)
        }
        let tagLength = String(CiphertextLayout.tagSize * 8)
        if cipher.isAuthenticated, case let length = try headers.required(.tagLength), length != tagLength {
            throw invalid(
                "The header \(S3EncryptionHeaders.Name.tagLength.rawValue) is \"\(ForeignText(length.prefix(100)))\""
                    + " instead of \(tagLength)")
        }
        return try EnvelopeMetadata(
            cipher: cipher, wrapping: wrapping, wrappedKey: try headers.requiredBytes(.wrappedKeyOfVersion2),
            initializationVector: try headers.requiredBytes(.initializationVector), publicKeySID: publicKeySID,
            plaintextSize: try headers.plaintextSize(), plaintextMD5: try headers.plaintextMD5())
    }

    private static func unsupported(_ header: S3EncryptionHeaders.Name, _ value: String) -> EnvelopeError {
        unsupported(header.rawValue, value)
    }
}
