import Envelope

/// Content keys of envelopes that were opened lately, so that opening them again needs no RSA operation.
///
/// The keys are on libcrypto's secure heap, and wiped when they are dropped. At the most twice ``limit`` are kept:
/// what was used since the latest turn, and what was used before.
struct ContentKeyCache {
    /// Keys of one generation: 128 KiB of the secure heap for both.
    private static let limit = 2048

    private var recent: [EnvelopeMetadata: ContentEncryptionKey] = [:]
    private var older: [EnvelopeMetadata: ContentEncryptionKey] = [:]

    /// The content key of an envelope; nil when it isn't kept.
    mutating func key(of metadata: EnvelopeMetadata) -> ContentEncryptionKey? {
        if let key = recent[metadata] { return key }
        guard let key = older[metadata] else { return nil }
        insert(key, of: metadata)
        return key
    }

    /// Keeps a content key.
    mutating func insert(_ key: ContentEncryptionKey, of metadata: EnvelopeMetadata) {
        if recent.count >= Self.limit {
            older = recent
            recent = [:]
        }
        recent[metadata] = key
    }
}
