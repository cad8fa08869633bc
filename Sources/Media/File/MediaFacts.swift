import Envelope
import Foundation
import Support
import Transfer
import TwilioAPI

/// The facts needed before a recording's media can be read.
///
/// They come from an answer's head and the last bytes of the ciphertext, and stay valid, since completed media never
/// changes. They contain no secret: the content key is wrapped by the public key. Sizes are within
/// ``Support/Bounds/sizes``, and the plaintext isn't larger than the ciphertext, in received and stored facts alike.
public struct MediaFacts: Hashable, Sendable, Codable {
    /// The size on the server in bytes.
    public let ciphertextSize: Int64

    /// The size for readers in bytes.
    public let plaintextSize: Int64

    /// Whether the plaintext size is certain; it isn't if it depends on padding and the private key isn't held.
    public let isPlaintextSizeExact: Bool

    /// The entity tag (RFC 9110, 8.8.3) of the described bytes; nil if the server sends none.
    public let entityTag: String?

    /// The S3 encryption client's envelope fields by lower-case name; empty for voice.
    let envelopeFields: [String: String]

    /// The last bytes of the ciphertext, at most 32: GCM's tag or CBC's padding.
    ///
    /// Empty for unencrypted media, and if the server ignores ranges and the tail wasn't needed.
    let tail: [UInt8]

    /// The requested number of channels of a voice recording; 0 if Twilio refused it, nil if none was requested.
    ///
    /// Size and bytes depend on the number of channels; the entity tag may be the same.
    let requestedChannels: Int64?

    /// Whether the size is certain enough to be stored: by a range answer, by the content or by a minute's stability.
    ///
    /// A complete answer could be an error page, so its length counts in this process only (``ProvisionalSizes``) until
    /// the content confirms it: by its tag, its padding, or its signature and its end.
    public private(set) var isConfirmed: Bool

    /// Whether the media is complete according to its header or resource; isn't stored.
    ///
    /// Only complete media's facts are confirmed at once, and so stored.
    private(set) var completeness = Completeness.whole

    /// The completeness of the media on the server.
    enum Completeness: Comparable {
        /// Less than its header or its resource says.
        case cut

        /// Perhaps all: a size disagrees but proves nothing, or a stream ended without an announced length.
        case uncertain

        /// All, as far as known.
        case whole
    }

    private enum CodingKeys: CodingKey {
        case ciphertextSize, plaintextSize, isPlaintextSizeExact, entityTag, envelopeFields, tail, requestedChannels
        case isConfirmed
    }

    /// The bytes to request from the end.
    static let tailSize = CiphertextLayout.tailSize

    /// The bytes of the tail that are the tag or contain the padding; content precedes them.
    private static let sealSize = Int(CiphertextLayout.tagSize)

    /// The valid numbers of channels; Twilio's recordings have at most two.
    private static let channels: ClosedRange<Int64> = 0...255

    /// Makes facts; nil if a size, the channels or the tail's length is out of range.
    init?(
        ciphertextSize: Int64, plaintextSize: Int64, isPlaintextSizeExact: Bool, entityTag: String?,
        envelopeFields: [String: String], tail: [UInt8], requestedChannels: Int64?, isConfirmed: Bool,
        completeness: Completeness = .whole
    ) {
        guard Bounds.sizes.contains(ciphertextSize), (0...ciphertextSize).contains(plaintextSize),
            tail.count <= Self.tailSize, requestedChannels.map(Self.channels.contains) ?? true
        else { return nil }
        self.ciphertextSize = ciphertextSize
        self.plaintextSize = plaintextSize
        self.isPlaintextSizeExact = isPlaintextSizeExact
        self.entityTag = entityTag
        self.envelopeFields = envelopeFields
        self.tail = tail
        self.requestedChannels = requestedChannels
        self.isConfirmed = isConfirmed
        self.completeness = completeness
    }

    /// Whether video has an envelope; false for voice, whose envelope is in its resource.
    public var isEncrypted: Bool { !envelopeFields.isEmpty }

    /// The encryption of video as in attributes: `aes-256-cbc`, `aes-256-gcm` or `none`; invalid for voice.
    public var encryption: String? { envelopeFields.isEmpty ? "none" : cipher?.name }

    /// Whether video is sealed with a tag; invalid for voice.
    public var isAuthenticated: Bool { cipher?.isAuthenticated ?? false }

    private var cipher: EnvelopeMetadata.ContentCipher? {
        try? EnvelopeMetadata.s3EncryptionClient { envelopeFields[$0] }?.cipher
    }

    /// Whether nothing distinguishes these facts from others; missing tails or entity tags don't.
    func describes(sameMediaAs other: MediaFacts) -> Bool {
        ciphertextSize == other.ciphertextSize && plaintextSize == other.plaintextSize
            && requestedChannels == other.requestedChannels
            && (entityTag == nil || other.entityTag == nil || entityTag == other.entityTag)
            && envelopeFields == other.envelopeFields
            && (lacksTail || other.lacksTail || tail.suffix(Self.sealSize) == other.tail.suffix(Self.sealSize))
    }

    /// Whether these facts may describe a truncated answer: unconfirmed and smaller than confirmed ones.
    func mayBeCutOff(from other: MediaFacts) -> Bool {
        !isConfirmed && other.isConfirmed && plaintextSize < other.plaintextSize
            && (entityTag == nil || other.entityTag == nil || entityTag == other.entityTag)
    }

    /// Whether the plaintext size follows from the encryption in the resource or in the envelope's fields.
    ///
    /// It doesn't if the resource has changed since the description.
    func agree(with resource: MediaResource) -> Bool {
        if let details = resource.encryptionDetails {
            return plaintextSize == (try? details.cipher.plaintextSize(ofCiphertextSize: ciphertextSize))
        }
        guard resource.kind.envelopePlace == .media, !envelopeFields.isEmpty else {
            return plaintextSize == ciphertextSize
        }
        guard let cipher, cipher.isAuthenticated else { return true }
        return plaintextSize == (try? cipher.plaintextSize(ofCiphertextSize: ciphertextSize))
    }

    /// The same facts, confirmed.
    var confirmed: MediaFacts {
        var facts = self
        facts.isConfirmed = true
        return facts
    }

    /// The digest of the envelope in these facts; nil if there is none.
    var envelopeDigest: String? { try? EnvelopeMetadata.s3EncryptionClient({ envelopeFields[$0] })?.digest() }

    /// Whether the last bytes of the ciphertext are unknown.
    var lacksTail: Bool { Int64(tail.count) < min(Self.tailSize, ciphertextSize) }

    /// The envelope in the fields, or for voice in the resource; nil if the media isn't encrypted.
    static func envelope(of resource: MediaResource, fields: [String: String]) throws(EnvelopeError)
        -> EnvelopeMetadata?
    {
        switch resource.kind.envelopePlace {
        case .resource:
            guard let details = resource.encryptionDetails else { return nil }
            return try EnvelopeMetadata.rsaAES(
                type: details.type, publicKeySID: details.publicKeySID,
                wrappedKeyBase64: details.encryptedContentKey ?? "",
                initializationVectorBase64: details.initializationVector ?? "")
        case .media:
            return try EnvelopeMetadata.s3EncryptionClient(publicKeySID: resource.publicKeySID) { fields[$0] }
        }
    }
}

extension MediaFacts {
    /// Decodes facts within the same bounds as received ones; earlier versions didn't store `isConfirmed`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let ciphertextSize = try container.decode(Int64.self, forKey: .ciphertextSize)
        let tail = try container.decode([UInt8].self, forKey: .tail)
        let facts = MediaFacts(
            ciphertextSize: ciphertextSize,
            plaintextSize: try container.decode(Int64.self, forKey: .plaintextSize),
            isPlaintextSizeExact: try container.decode(Bool.self, forKey: .isPlaintextSizeExact),
            entityTag: try container.decodeIfPresent(String.self, forKey: .entityTag),
            envelopeFields: try container.decode([String: String].self, forKey: .envelopeFields),
            tail: tail,
            requestedChannels: try container.decodeIfPresent(Int64.self, forKey: .requestedChannels),
            // Earlier versions learned the tail from range answers only, which confirm the size.
            isConfirmed: try container.decodeIfPresent(Bool.self, forKey: .isConfirmed)
                ?? (Int64(tail.count) >= min(Self.tailSize, ciphertextSize)))
        guard let facts else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "impossible sizes"))
        }
        self = facts
    }

    /// The catalog's encoding of facts.
    public var stored: [UInt8] {
        get throws { Array(try JSONEncoder().encode(self)) }
    }

    /// Decodes facts from the catalog; nil for an unknown encoding.
    public init?(stored: [UInt8]) {
        guard let facts = try? JSONDecoder().decode(MediaFacts.self, from: Data(stored)) else { return nil }
        self = facts
    }
}
