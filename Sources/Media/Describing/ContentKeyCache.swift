import Envelope

/// Content keys of envelopes opened lately, which save an RSA operation each.
///
/// The keys are on libcrypto's secure heap and are wiped when dropped. Two generations of ``limit`` keys are kept.
struct ContentKeyCache {
    /// Keys per generation; both take 128 KiB of the secure heap.
    private static let limit = 2048

    private var recent: [EnvelopeMetadata: ContentEncryptionKey] = [:]
    private var older: [EnvelopeMetadata: ContentEncryptionKey] = [:]

    /// The content key of an envelope; nil if it isn't cached.
    mutating func key(of metadata: EnvelopeMetadata) -> ContentEncryptionKey? {
        if let key = recent[metadata] { return key }
        guard let key = older[metadata] else { return nil }
        insert(key, of: metadata)
        return key
    }

    mutating func insert(_ key: ContentEncryptionKey, of metadata: EnvelopeMetadata) {
        if recent.count >= Self.limit {
            older = recent
            recent = [:]
        }
        recent[metadata] = key
    }

    mutating func remove(_ metadata: EnvelopeMetadata) {
        recent[metadata] = nil
        older[metadata] = nil
    }

    /// Drops the keys of all envelopes but some.
    mutating func keep(only envelopes: Set<EnvelopeMetadata>) {
        recent = recent.filter { envelopes.contains($0.key) }
        older = older.filter { envelopes.contains($0.key) }
    }
}
