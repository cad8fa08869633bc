public import Support

/// The private keys that are held, each with the SID of the public key it belongs to, where that is known.
///
/// RSAES-PKCS1-v1_5 makes an oracle of a key: whoever serves media chooses what is unwrapped, and learns from errors
/// and their time something of how it went, which in the end opens other content keys (Bleichenbacher's attack). So
/// a key is used for that scheme only where it may belong to the envelope: see ``Entry/publicKeySID`` and
/// ``Entry/use``. RSAES-OAEP has no such fault, and is tried with every key.
public struct KeyRing: Sendable {
    /// For what a private key may be used.
    public enum Use: String, Sendable, Hashable, CaseIterable {
        /// Voice recordings: RSAES-OAEP alone.
        case voice
        /// Video recordings and compositions: RSAES-PKCS1-v1_5, or the schemes of the S3 encryption client's version 2.
        case video
    }

    /// One private key.
    public struct Entry: Sendable {
        /// The SID (`CR…`) of the public key that the key is tied to, if it is.
        ///
        /// RSAES-PKCS1-v1_5 is then used only for envelopes that name this SID.
        public let publicKeySID: String?

        /// What the key was declared for; `nil` for everything.
        public let use: Use?

        /// What to call the key in messages: its file, usually.
        public let name: String

        /// The key.
        public let key: PrivateKey

        /// Makes an entry.
        public init(publicKeySID: String?, use: Use? = nil, name: String, key: PrivateKey) {
            self.publicKeySID = publicKeySID
            self.use = use
            self.name = name
            self.key = key
        }

        /// Whether the key may be tried for an envelope.
        func isCandidate(for metadata: EnvelopeMetadata) -> Bool {
            guard metadata.wrapping == .rsaPKCS1v15 else { return true }
            return use != .voice && (publicKeySID == nil || publicKeySID == metadata.publicKeySID)
        }
    }

    private let entries: [Entry]

    /// Makes a ring of `entries`; several may be tied to one SID.
    public init(_ entries: [Entry]) {
        self.entries = entries
    }

    /// Whether no key is held.
    public var isEmpty: Bool { entries.isEmpty }

    /// Whether some key that is held may open envelopes which name a public key: without trying any.
    ///
    /// - Parameter use: what the envelope is of.
    public func mayHold(publicKeySID: String?, use: Use) -> Bool {
        entries.contains { entry in
            use == .voice
                || entry.use != .voice && (entry.publicKeySID == nil || entry.publicKeySID == publicKeySID)
        }
    }

    /// Whether each key that is held may open envelopes which name a public key, so that the one which has opened some
    /// opens them for every use.
    ///
    /// - Parameter use: what the envelope is of.
    public func allMayHold(publicKeySID: String?, use: Use) -> Bool {
        use == .voice
            || entries.allSatisfy { entry in
                entry.use != .voice && (entry.publicKeySID == nil || entry.publicKeySID == publicKeySID)
            }
    }

    /// Says that no key may be tried for envelopes which name a public key, and what to do.
    ///
    /// - Parameters:
    ///   - publicKeySID: the public key; `nil` when they name none.
    ///   - use: what the envelopes are of.
    public func absence(publicKeySID: String?, use: Use) -> String {
        let key = publicKeySID.map { "public key \($0)" } ?? "its public key"
        // A key for voice that is tied to another public key is no reason to doubt what it was declared for.
        let forVoice = entries.filter { entry in
            entry.use == .voice && (entry.publicKeySID == nil || entry.publicKeySID == publicKeySID)
        }
        guard use == .video, !forVoice.isEmpty else {
            return "no private key is held for \(key): give the one that belongs to it"
        }
        return "no private key may be tried for \(key): \(Self.list(forVoice)) is declared for voice alone; if it"
            + " belongs to this public key, give it without 'voice:'"
    }

    /// Unwraps the content key of an envelope.
    ///
    /// The keys tied to the envelope's public key SID come first, then the others that may be tried: the SID can be
    /// stale, or another key than the configured one was used (Twilio's notice 16107). A call costs some milliseconds
    /// for each key tried.
    ///
    /// RSAES-PKCS1-v1_5 tells nothing reliably. A wrong key is refused by padding that looks wrong, or passes by
    /// chance, or (OpenSSL 3.2 and later) yields bytes that look random, on purpose. So a content key counts as right
    /// only when `accepts` says so, and one of a wrong length as not fitting.
    ///
    /// - Parameters:
    ///   - metadata: The envelope.
    ///   - accepts: Whether a candidate is the right one; by the padding of the content's last block for CBC. Called
    ///     synchronously, once for each candidate.
    /// - Throws: `keyNotHeld` when nothing fits and no key is tied to the SID; `wrongKey` when one is but neither it
    ///   nor any other fits; `contentDamaged` when a key yields a content key of 32 bytes that isn't accepted;
    ///   `invalidContentKeyLength` and `invalidMetadata` when a key fits beyond doubt (OAEP) but what was wrapped is no
    ///   content key; `cryptoFailure`.
    public func unwrap(
        _ metadata: EnvelopeMetadata, accepts: (ContentEncryptionKey) -> Bool
    ) throws(EnvelopeError) -> ContentEncryptionKey {
        let candidates = entries.filter { $0.isCandidate(for: metadata) }
        let isMapped = { (entry: Entry) in
            metadata.publicKeySID != nil && entry.publicKeySID == metadata.publicKeySID
        }
        let mapped = candidates.filter(isMapped)
        var cause: LibcryptoError?
        var fitting: Entry?
        for entry in mapped + candidates.filter({ !isMapped($0) }) {
            switch try entry.key.unwrap(metadata) {
            case .unwrapped(let key):
                if accepts(key) { return key }
                fitting = fitting ?? entry
            case .malformed(let error):
                throw error
            case .notFitting(let reason):
                cause = cause ?? reason
            }
        }
        if let fitting { throw Self.damaged(fitting) }
        throw notFitting(metadata, mapped: mapped, candidates: candidates, cause: cause)
    }

    /// The error of content that disagrees with a content key which seems to be its own.
    ///
    /// A wrong key seldom yields exactly 32 bytes: without implicit rejection by a chance of 1 in 2^16 that the padding
    /// looks right at all; with it, the length is chosen at random among all that there are, some 240 or more.
    private static func damaged(_ entry: Entry) -> EnvelopeError {
        EnvelopeError(
            .contentDamaged,
            "The private key \(entry.name) opens the content key, but the content's padding or length disagrees: the"
                + " content is damaged, or the headers that describe it are.")
    }

    private func notFitting(
        _ metadata: EnvelopeMetadata, mapped: [Entry], candidates: [Entry], cause: LibcryptoError?
    ) -> EnvelopeError {
        let sid = metadata.publicKeySID
        guard mapped.isEmpty else {
            let tied =
                mapped.count == 1
                ? "The private key \(Self.list(mapped)), tied to public key \(sid ?? ""), doesn't open"
                : "The private keys \(Self.list(mapped)), tied to public key \(sid ?? ""), don't open"
            let others =
                switch candidates.count - mapped.count {
                case 0: ""
                case 1: ", nor does the other one that may be tried"
                case let count: ", nor does any of the \(count) others that may be tried"
                }
            return EnvelopeError(
                .wrongKey, "\(tied) the content key\(others): give the file that belongs to this public key.",
                cause: cause)
        }
        let wanted = sid.map { "public key \($0)" } ?? "the public key this recording was encrypted with"
        guard !isEmpty else {
            return EnvelopeError(
                .keyNotHeld, "The recording is encrypted and no private key is held: give the one of \(wanted).")
        }
        guard !candidates.isEmpty else {
            return EnvelopeError(
                .keyNotHeld,
                "No private key is held for \(wanted): those held (\(Self.list(entries))) are for other public keys or"
                    + " another kind of recordings.")
        }
        return EnvelopeError(
            .keyNotHeld,
            "No private key is held for \(wanted), and none of those held (\(Self.list(candidates))) opens the content"
                + " key: give the one that belongs to it.", cause: cause)
    }

    private static func list(_ entries: [Entry]) -> String {
        entries.map(\.name).joined(separator: ", ")
    }
}
