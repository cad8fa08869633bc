public import Support

extension EnvelopeMetadata {
    /// Reads the metadata that the Amazon S3 encryption client stores with an object.
    ///
    /// Twilio encrypts video with this client. Version 1 (`x-amz-key`) is AES-256-CBC with RSAES-PKCS1-v1_5; version 2
    /// (`x-amz-key-v2`) names its schemes. Names are accepted with and without S3's prefix `x-amz-meta-`. Sources:
    /// Twilio, "Encrypting Your Stored Media"; AWS, "S3 Encryption Client: Content Metadata".
    ///
    /// - Parameters:
    ///   - publicKeySID: The SID (`CR…`) of the public key, where known: no header names it.
    ///   - value: Returns the value of the header with a name in lower case.
    /// - Returns: nil when no header says that the object is encrypted.
    /// - Throws: `unsupportedScheme` with the name of an unknown scheme; `invalidMetadata`.
    public static func s3EncryptionClient(
        publicKeySID: String? = nil, _ value: (_ lowerCaseName: String) -> String?
    ) throws(EnvelopeError) -> EnvelopeMetadata? {
        let headers = S3EncryptionHeaders(value)
        if let cipher = headers[.contentCipherOfVersion3] ?? headers[.wrappedKeyOfVersion3].map({ _ in "version 3" }) {
            throw unsupported(.contentCipherOfVersion3, cipher)
        }
        let schemes: (cipher: ContentCipher, wrapping: KeyWrapping)
        let wrappedKey: S3EncryptionHeaders.Name
        switch (headers[.wrappedKey], headers[.wrappedKeyOfVersion2]) {
        case (.some, nil):
            (schemes, wrappedKey) = ((.aes256CBC, .rsaPKCS1v15), .wrappedKey)
        case (nil, .some):
            (schemes, wrappedKey) = (try schemesOfVersion2(headers), .wrappedKeyOfVersion2)
        case (nil, nil):
            // The key's header may have got lost: serving ciphertext as plaintext would be worse than an error.
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
        return try EnvelopeMetadata(
            cipher: schemes.cipher, wrapping: schemes.wrapping, wrappedKey: try headers.requiredBytes(wrappedKey),
            initializationVector: try headers.requiredBytes(.initializationVector), publicKeySID: publicKeySID,
            plaintextSize: try headers.plaintextSize())
    }

    /// Returns the headers of the client's metadata, by their names in lower case; empty for an unencrypted object.
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

    /// Returns the name of a header of the client that a response has twice with different values; nil without one.
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

    private static func schemesOfVersion2(
        _ headers: S3EncryptionHeaders
    ) throws(EnvelopeError) -> (cipher: ContentCipher, wrapping: KeyWrapping) {
        let cipherName = try headers.required(.contentCipher)
        guard let cipher = ContentCipher(javaName: cipherName) else { throw unsupported(.contentCipher, cipherName) }
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
        return (cipher, wrapping)
    }

    private static func unsupported(_ header: S3EncryptionHeaders.Name, _ value: String) -> EnvelopeError {
        unsupported(header.rawValue, value)
    }
}
