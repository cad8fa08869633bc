import COpenSSL

/// A mode of AES-256, fetched from libcrypto once: fetching takes longer than decrypting an AES block.
struct CipherAlgorithm: @unchecked Sendable, Equatable {
    // Safe although unchecked: an EVP_CIPHER is immutable, and these are never freed.
    /// libcrypto's cipher; nil when no provider has it.
    fileprivate let handle: OpaquePointer?

    static let cbc = CipherAlgorithm(handle: EVP_CIPHER_fetch(nil, "AES-256-CBC", nil))
    static let counter = CipherAlgorithm(handle: EVP_CIPHER_fetch(nil, "AES-256-CTR", nil))
    static let electronicCodebook = CipherAlgorithm(handle: EVP_CIPHER_fetch(nil, "AES-256-ECB", nil))
    static let gcm = CipherAlgorithm(handle: EVP_CIPHER_fetch(nil, "AES-256-GCM", nil))
}

/// One run of a cipher: an EVP_CIPHER_CTX with a single owner, without padding.
///
/// Making and freeing one takes about a microsecond; freeing wipes the key schedule.
struct CipherContext: ~Copyable {
    enum Direction: Int32 {
        case decrypt = 0
        case encrypt = 1
    }

    private let context: OpaquePointer

    /// The largest input of a libcrypto call in bytes, since its sizes have 32 bits; a multiple of the AES block size.
    private static let largestPiece = 1 << 30

    /// Prepares a run.
    ///
    /// - Parameters:
    ///   - direction: For GCM with additional data alone, either one.
    ///   - initializationVector: 16 bytes for CBC and counter mode, none for ECB, 1 to 128 for GCM.
    init(
        _ algorithm: CipherAlgorithm, _ direction: Direction, key: ContentEncryptionKey,
        initializationVector: RawSpan
    ) throws(EnvelopeError) {
        ERR_clear_error()
        guard algorithm.handle != nil else { throw LibcryptoError.failure("EVP_CIPHER_fetch") }
        guard let context = EVP_CIPHER_CTX_new() else { throw LibcryptoError.failure("EVP_CIPHER_CTX_new") }
        guard Self.prepare(context, algorithm, direction, key, initializationVector) else {
            EVP_CIPHER_CTX_free(context)
            throw LibcryptoError.failure("EVP_CipherInit_ex2")
        }
        self.context = context
    }

    deinit { EVP_CIPHER_CTX_free(context) }

    private static func prepare(
        _ context: OpaquePointer, _ algorithm: CipherAlgorithm, _ direction: Direction, _ key: ContentEncryptionKey,
        _ initializationVector: RawSpan
    ) -> Bool {
        guard EVP_CipherInit_ex2(context, algorithm.handle, nil, nil, direction.rawValue, nil) == 1 else {
            return false
        }
        if algorithm == .gcm {
            let size = Int32(clamping: initializationVector.byteCount)
            guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, size, nil) == 1 else { return false }
        } else {
            // libcrypto reads as many bytes as the cipher needs.
            guard Int(EVP_CIPHER_CTX_get_iv_length(context)) == initializationVector.byteCount else { return false }
        }
        return initializationVector.withUnsafeBytes { vector in
            key.withUnsafeBytes { key in
                EVP_CipherInit_ex2(
                    context, nil, key.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    vector.baseAddress?.assumingMemoryBound(to: UInt8.self), direction.rawValue, nil) == 1
            }
        } && EVP_CIPHER_CTX_set_padding(context, 0) == 1
    }

    /// Processes `source`.
    ///
    /// - Parameters:
    ///   - source: For CBC and ECB, whole AES blocks.
    ///   - destination: As long as `source`; nil for GCM's additional data.
    mutating func update(
        _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer?
    ) throws(EnvelopeError) {
        guard destination.map({ $0.count == source.count }) ?? true else {
            throw LibcryptoError.failure("EVP_CipherUpdate")
        }
        var offset = 0
        while offset < source.count {
            let count = min(Self.largestPiece, source.count - offset)
            var written: Int32 = 0
            let result = EVP_CipherUpdate(
                context, destination?.baseAddress?.advanced(by: offset).assumingMemoryBound(to: UInt8.self), &written,
                source.baseAddress?.advanced(by: offset).assumingMemoryBound(to: UInt8.self), Int32(count))
            guard result == 1, Int(written) == count else { throw LibcryptoError.failure("EVP_CipherUpdate") }
            offset += count
        }
    }

    /// Processes an AES block.
    mutating func update(_ block: Block) throws(EnvelopeError) -> Block {
        var result = block
        try withUnsafeMutableBytes(of: &result.bigEndian) { (bytes) throws(EnvelopeError) in
            try update(UnsafeRawBufferPointer(bytes), into: bytes)
        }
        return result
    }

    /// Finishes an encrypting GCM run and returns its tag.
    consuming func tag() throws(EnvelopeError) -> Block {
        var unused: UInt8 = 0
        var written: Int32 = 0
        guard EVP_CipherFinal_ex(context, &unused, &written) == 1 else {
            throw LibcryptoError.failure("EVP_CipherFinal_ex")
        }
        var tag = Block.zero
        let result = withUnsafeMutableBytes(of: &tag.bigEndian) { bytes in
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(bytes.count), bytes.baseAddress)
        }
        guard result == 1 else { throw LibcryptoError.failure("EVP_CIPHER_CTX_ctrl") }
        return tag
    }
}
