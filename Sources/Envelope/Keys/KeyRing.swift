public import Support

/// The private keys of this process, each with its public key's SID where known.
///
/// RSAES-PKCS1-v1_5 makes an oracle of a private key (Bleichenbacher's attack): an attacker who serves media chooses
/// the wrapped keys, observes errors and their timing, and can finally unwrap other content keys. So a private key is
/// used for that scheme only where it may belong to the envelope: see ``Entry/publicKeySID`` and ``Entry/use``.
/// RSAES-OAEP has no such weakness and is tried with every private key.
public struct KeyRing: Sendable {
    /// The declared use of a private key.
    public enum Use: String, Sendable, Hashable, CaseIterable {
        /// Voice recordings: RSAES-OAEP only.
        case voice
        /// Video recordings and compositions: RSAES-PKCS1-v1_5, or version 2 of the S3 encryption client.
        case video
    }

    /// One private key.
    public struct Entry: Sendable {
        /// The SID (`CR…`) of the public key that the private key is tied to, if any.
        ///
        /// RSAES-PKCS1-v1_5 is used only for envelopes that name this SID.
        public let publicKeySID: String?

        /// The declared use; nil for any.
        public let use: Use?
        /// The key's name in messages, usually its file.
        public let name: String
        /// The key.
        public let key: any HeldPrivateKey

        /// Makes an entry.
        public init(publicKeySID: String?, use: Use? = nil, name: String, key: any HeldPrivateKey) {
            self.publicKeySID = publicKeySID
            self.use = use
            self.name = name
            self.key = key
        }

        /// Whether the private key may be tried for a wrapped key.
        public func isCandidate(for wrapped: WrappedKey) -> Bool {
            mayOpen(wrapped.publicKeySID, wrapped.wrapping == .rsaPKCS1v15 ? .video : .voice)
        }

        /// Whether the private key may be tried for envelopes of a use that name a public key.
        func mayOpen(_ sid: String?, _ use: Use) -> Bool {
            use == .voice || self.use != .voice && mayBelong(to: sid)
        }

        /// Whether the private key isn't tied to another public key.
        func mayBelong(to sid: String?) -> Bool { publicKeySID == nil || publicKeySID == sid }
    }

    private let entries: [Entry]

    /// Makes a ring; several entries may be tied to one SID.
    public init(_ entries: [Entry]) { self.entries = entries }

    /// Whether there are no private keys.
    public var isEmpty: Bool { entries.isEmpty }

    /// Whether all private keys can still be used.
    public var isAvailable: Bool { entries.allSatisfy(\.key.isAvailable) }

    /// Whether every entry of another ring is in this one, whatever its name.
    public func includes(_ other: KeyRing) -> Bool {
        other.entries.allSatisfy { former in
            entries.contains {
                $0.publicKeySID == former.publicKeySID && $0.use == former.use
                    && $0.key.publicKeyFingerprint == former.key.publicKeyFingerprint
            }
        }
    }

    /// The public key's SIDs with which each private key was given, whatever their use, by fingerprint.
    ///
    /// The fingerprint is ``HeldPrivateKey/publicKeyFingerprint``.
    public var publicKeySIDs: [String: Set<String>] {
        Dictionary(grouping: entries, by: \.key.publicKeyFingerprint).mapValues { Set($0.compactMap(\.publicKeySID)) }
    }

    /// Whether any private key may open envelopes of this use that name a public key; tries none.
    public func mayHold(publicKeySID: String?, use: Use) -> Bool {
        entries.contains { $0.mayOpen(publicKeySID, use) }
    }

    /// Whether every private key may open envelopes of this use that name a public key.
    ///
    /// If so, a private key that has opened an envelope of any use with this public key opens all those of this use.
    public func allMayHold(publicKeySID: String?, use: Use) -> Bool {
        entries.allSatisfy { $0.mayOpen(publicKeySID, use) }
    }

    /// The reason why no private key may be tried for envelopes of this use, with the remedy.
    ///
    /// - Parameters:
    ///   - publicKeySID: The public key; nil when the envelopes name none.
    ///   - use: The use of the envelopes.
    public func absence(publicKeySID: String?, use: Use) -> String {
        let key = publicKeySID.map { "public key \($0)" } ?? "its public key"
        // A private key for voice that is tied to another public key gives no reason to doubt its declaration.
        let forVoice = entries.filter { $0.use == .voice && $0.mayBelong(to: publicKeySID) }
        guard use == .video, !forVoice.isEmpty else {
            return "no private key is held for \(key): give the one that belongs to it"
        }
        return "no private key may be tried for \(key): \(Self.list(forVoice)) is declared for voice alone; if it"
            + " belongs to this public key, give it without 'voice:'"
    }

    /// Whether several private keys may be tried for an envelope; tries none.
    public func hasSeveralCandidates(for metadata: EnvelopeMetadata) -> Bool {
        let wrapped = WrappedKey(metadata)
        return entries.count { $0.isCandidate(for: wrapped) } > 1
    }

    /// Unwraps the content key of an envelope.
    ///
    /// Private keys tied to the envelope's public key SID come first, then the other candidates: the SID can be stale,
    /// or Twilio used a public key other than the configured one (Twilio's notice 16107). Each attempt takes some
    /// milliseconds.
    ///
    /// RSAES-PKCS1-v1_5 doesn't detect a wrong private key reliably: the padding looks wrong, or looks right by chance,
    /// or random bytes come on purpose (implicit rejection). So `accepts` decides about a content key, and a result of
    /// another length means a wrong private key. What follows a failure depends on nothing that the private keys have
    /// found: otherwise a server could learn from it whether the padding of bytes of its choice was right.
    ///
    /// - Parameters:
    ///   - metadata: The envelope.
    ///   - isProven: Whether the private key is known to be held, since it has opened another envelope that names the
    ///     same public key.
    ///   - accepts: Whether a content key is right, for CBC by the padding at the content's end. Called synchronously,
    ///     for each content key, and for RSAES-PKCS1-v1_5 also in the place of each.
    /// - Throws: `keyNotHeld` when no private key fits and none is tied to the SID; `wrongKey` when one is tied but
    ///   none fits; `contentDamaged` when one fits, but its content key isn't accepted; `invalidContentKeyLength` and
    ///   `invalidMetadata` when a private key fits, proved by OAEP, but the result isn't a content key;
    ///   `keyProcessEnded`; `cryptoFailure`.
    public func unwrap(
        _ metadata: EnvelopeMetadata, isProven: Bool = false, accepts: (ContentEncryptionKey) -> Bool
    ) throws(EnvelopeError) -> ContentEncryptionKey {
        let wrapped = WrappedKey(metadata)
        let candidates = entries.filter { $0.isCandidate(for: wrapped) }
        let isMapped = { (entry: Entry) in
            metadata.publicKeySID != nil && entry.publicKeySID == metadata.publicKeySID
        }
        let mapped = candidates.filter(isMapped)
        let ordered = mapped + candidates.filter { !isMapped($0) }
        let provesItself = metadata.wrapping != .rsaPKCS1v15
        // For RSAES-PKCS1-v1_5, only what was known before counts.
        var fitting = isProven && !provesItself ? ordered.first : nil
        var cause: (any Error)?
        var end: EnvelopeError?
        for entry in ordered {
            do throws(EnvelopeError) {
                switch try entry.key.unwrap(wrapped) {
                case .unwrapped(let key):
                    if accepts(key) { return key }
                    if provesItself { fitting = fitting ?? entry }
                case .malformed(let key):
                    throw key.error(of: wrapped)
                case .notFitting(let reason):
                    cause = cause ?? reason
                    // In the same time as if there were a content key.
                    if !provesItself { _ = accepts(try .placeholder) }
                }
            } catch {
                // Another process may hold the right one.
                guard error.code == .keyProcessEnded else { throw error }
                end = end ?? error
            }
        }
        if let end { throw end }
        guard let fitting else {
            throw notFitting(metadata, mapped: mapped, candidates: candidates, cause: cause)
        }
        throw EnvelopeError(.contentDamaged, Self.damage(fitting, provesItself: provesItself))
    }

    /// The sentence about content that disagrees with a content key.
    private static func damage(_ entry: Entry, provesItself: Bool) -> String {
        let holder =
            provesItself
            ? "The private key \(entry.name) opens the content key, but" : "The private key is held, but"
        return
            "\(holder) the content's padding or length disagrees: the content is damaged, or the headers that describe"
            + " it are."
    }

    private func notFitting(
        _ metadata: EnvelopeMetadata, mapped: [Entry], candidates: [Entry], cause: (any Error)?
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

    private static func list(_ entries: [Entry]) -> String { entries.map(\.name).joined(separator: ", ") }
}
