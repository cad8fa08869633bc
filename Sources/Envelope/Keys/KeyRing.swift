/// The private keys that are held, each with the SID of the public key it belongs to, where that is known.
public struct KeyRing: Sendable {
    /// One private key.
    public struct Entry: Sendable {
        /// The SID (`CR…`) of the public key that the key is mapped to, if it is.
        public let publicKeySID: String?

        /// What to call the key in messages: its file, usually.
        public let name: String

        /// The key.
        public let key: PrivateKey

        /// Makes an entry.
        public init(publicKeySID: String?, name: String, key: PrivateKey) {
            self.publicKeySID = publicKeySID
            self.name = name
            self.key = key
        }
    }

    private let entries: [Entry]

    /// Makes a ring of `entries`; several may be mapped to one SID.
    public init(_ entries: [Entry]) {
        self.entries = entries
    }

    /// Whether no key is held.
    public var isEmpty: Bool { entries.isEmpty }

    /// Unwraps the content key of an envelope.
    ///
    /// The keys mapped to the envelope's public key SID come first, then all others: the SID can be stale, or another
    /// key than the configured one was used (Twilio's notice 16107). A call costs some milliseconds for each key tried.
    ///
    /// RSAES-PKCS1-v1_5 tells nothing reliably. A wrong key is refused by padding that looks wrong, or passes by
    /// chance, or (OpenSSL 3.2 and later) yields bytes that look random, on purpose. So a content key counts as right
    /// only when `accepts` says so, and one of a wrong length as not fitting.
    ///
    /// - Parameters:
    ///   - metadata: The envelope.
    ///   - accepts: Whether a candidate is the right one; by the padding of the content's last block for CBC. Called
    ///     synchronously, once for each candidate.
    /// - Throws: `keyNotHeld` when nothing fits and no key is mapped to the SID; `wrongKey` when one is but neither it
    ///   nor any other fits; `invalidContentKeyLength` and `invalidMetadata` when a key fits beyond doubt (OAEP) but
    ///   what was wrapped is no content key; `cryptoFailure`.
    public func unwrap(
        _ metadata: EnvelopeMetadata, accepts: (ContentEncryptionKey) -> Bool
    ) throws(EnvelopeError) -> ContentEncryptionKey {
        let mapped = entries.filter { metadata.publicKeySID != nil && $0.publicKeySID == metadata.publicKeySID }
        let others = entries.filter { metadata.publicKeySID == nil || $0.publicKeySID != metadata.publicKeySID }
        var cause: LibcryptoError?
        for entry in mapped + others {
            switch try entry.key.unwrap(metadata) {
            case .unwrapped(let key):
                if accepts(key) { return key }
            case .malformed(let error):
                throw error
            case .notFitting(let reason):
                cause = cause ?? reason
            }
        }
        throw notFitting(metadata, mapped: mapped, cause: cause)
    }

    private func notFitting(_ metadata: EnvelopeMetadata, mapped: [Entry], cause: LibcryptoError?) -> EnvelopeError {
        let sid = metadata.publicKeySID
        guard mapped.isEmpty else {
            return EnvelopeError(
                .wrongKey,
                "The private key \(Self.list(mapped)), mapped to public key \(sid ?? ""), doesn't open the content"
                    + " key, nor does any other of the \(entries.count) held: give the file that belongs to this"
                    + " public key.",
                cause: cause)
        }
        let wanted = sid.map { "public key \($0)" } ?? "the public key this recording was encrypted with"
        guard !isEmpty else {
            return EnvelopeError(
                .keyNotHeld, "The recording is encrypted and no private key is held: give the one of \(wanted).")
        }
        return EnvelopeError(
            .keyNotHeld,
            "No private key is held for \(wanted), and none of those held (\(Self.list(entries))) opens the content"
                + " key: give the one that belongs to it.", cause: cause)
    }

    private static func list(_ entries: [Entry]) -> String {
        entries.map(\.name).joined(separator: ", ")
    }
}
