/// Holds a resource's content key in clear and wrapped.
///
/// All wrapped forms are made at once, so that a resource tells the same `encrypted_cek` every time it is asked
/// (padding is random).
struct SealSecrets: Sendable {
    /// The SID of the public key for which the content key is wrapped.
    let publicKeySID: String
    /// 32 bytes.
    let contentKey: [UInt8]
    /// 12 bytes, for GCM.
    let gcmIV: [UInt8]
    /// 16 bytes, for CBC.
    let cbcIV: [UInt8]
    private let wrapped: [RecipientKey.Wrapping: [UInt8]]

    /// Makes the secrets of one resource.
    ///
    /// - Parameter contentKey: 32 bytes; random ones when nil.
    init(publicKeySID: String, key: RecipientKey, contentKey: [UInt8]? = nil) throws(SimulatorError) {
        self.publicKeySID = publicKeySID
        let contentKey = if let contentKey { contentKey } else { try randomBytes(32) }
        self.contentKey = contentKey
        gcmIV = try randomBytes(12)
        cbcIV = try randomBytes(16)
        wrapped = [
            .oaepSHA256: try key.wrap(contentKey, .oaepSHA256),
            .oaepSHA1: try key.wrap(contentKey, .oaepSHA1),
            .pkcs1: try key.wrap(contentKey, .pkcs1),
        ]
    }

    /// Makes secrets that share the content key of others, with an IV of their own.
    ///
    /// GCM allows that as long as no IV is used twice.
    ///
    /// - Parameters:
    ///   - listed: what voice resources list as the wrapped key.
    ///   - iv: 12 bytes, which zeros follow for CBC.
    init(sharing other: SealSecrets, listed: [UInt8], iv: [UInt8]) {
        publicKeySID = other.publicKeySID
        contentKey = other.contentKey
        var wrapped = other.wrapped
        wrapped[.oaepSHA256] = listed
        self.wrapped = wrapped
        gcmIV = iv
        cbcIV = iv + [0, 0, 0, 0]
    }

    /// Gives the content key as wrapped in one way.
    func wrappedKey(_ wrapping: RecipientKey.Wrapping) -> [UInt8] {
        wrapped[wrapping] ?? []
    }

    /// Gives the IV for a cipher.
    func iv(_ kind: ContentCipherKind) -> [UInt8] {
        kind == .gcm ? gcmIV : cbcIV
    }
}
