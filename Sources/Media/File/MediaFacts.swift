import Envelope
import Foundation
import Support
import Transfer
import TwilioAPI

/// What has to be known of a recording's media before it can be read.
///
/// Learnt from the head of an answer and the last bytes of the ciphertext; the same for good, since completed media
/// never changes. Nothing in it is secret: the content key is here only as the public key wrapped it.
///
/// Sizes are within ``Support/Bounds/sizes``, and the plaintext isn't larger than the ciphertext, whether the facts
/// were received or stored.
public struct MediaFacts: Hashable, Sendable, Codable {
    /// Size of what the server holds, in bytes.
    public let ciphertextSize: Int64

    /// Size of what a reader sees, in bytes.
    public let plaintextSize: Int64

    /// Whether the plaintext size is certain.
    ///
    /// It isn't only when the padding would have to tell and the key isn't held.
    public let isPlaintextSizeExact: Bool

    /// The entity tag (RFC 9110, 8.8.3) of the bytes that were described; nil when the server sends none.
    public let entityTag: String?

    /// The fields with which the S3 encryption client describes an envelope, by lower-case name.
    ///
    /// Empty for voice.
    let envelopeFields: [String: String]

    /// The last bytes of the ciphertext, 32 at the most: the tag of GCM, the padding of CBC.
    ///
    /// Empty when the server ignores ranges and the tail wasn't needed, and of media that isn't encrypted.
    let tail: [UInt8]

    /// How many channels of a voice recording were asked for: 0 when it couldn't be had in as many as it has, nil when
    /// they weren't asked for.
    ///
    /// Size, entity tag and bytes are another recording's for each number.
    let requestedChannels: Int64?

    /// Whether the size counts for good: a range answer told it, the content has confirmed it, or it has been told for
    /// a minute (``ProvisionalSizes``).
    ///
    /// The length of an answer with all of the media could be that of something else, so it counts in this process
    /// only, until the content agrees: by its tag, its padding, or its signature and its end.
    public private(set) var isConfirmed: Bool

    /// Whether the media is there to its end, as far as its own header or its resource tell.
    ///
    /// Only the facts of whole media are confirmed at once, and so stored. It isn't stored itself.
    private(set) var completeness = Completeness.whole

    /// How much of the media the server has.
    enum Completeness: Comparable {
        /// Less than its header, or its resource, says that there is.
        case cut

        /// Perhaps all of it: its header tells a slightly different size, or it came in a stream without an announced
        /// end.
        case uncertain

        /// All of it, or nothing tells.
        case whole
    }

    private enum CodingKeys: CodingKey {
        case ciphertextSize, plaintextSize, isPlaintextSizeExact, entityTag, envelopeFields, tail, requestedChannels
        case isConfirmed
    }

    /// How many bytes of the end are asked for.
    static let tailSize = CiphertextLayout.tailSize

    /// How many of these bytes are a tag or have padding; what is before them is content.
    private static let sealSize = Int(CiphertextLayout.tagSize)

    /// How many channels can be asked for: no recording of Twilio's has more than two.
    private static let channels: ClosedRange<Int64> = 0...255

    /// Makes facts; nil when the sizes or the channels can't be, or there is more of the end than ``tailSize``.
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

    /// Whether the media has an envelope of its own.
    ///
    /// Only video's has; voice has it in its resource.
    public var isEncrypted: Bool { !envelopeFields.isEmpty }

    /// How the content of video is encrypted, as attributes tell it: `aes-256-cbc`, `aes-256-gcm` or `none`.
    ///
    /// Says nothing of voice, whose resource tells.
    public var encryption: String? { envelopeFields.isEmpty ? "none" : cipher?.name }

    /// Whether the content of video is sealed with a tag.
    ///
    /// Says nothing of voice, whose resource tells.
    public var isAuthenticated: Bool { cipher?.isAuthenticated ?? false }

    private var cipher: EnvelopeMetadata.ContentCipher? {
        try? EnvelopeMetadata.s3EncryptionClient { envelopeFields[$0] }?.cipher
    }

    /// Whether nothing tells these facts and others apart; a tail or an entity tag that one of them lacks doesn't, nor
    /// what of the tail is content.
    func describes(sameMediaAs other: MediaFacts) -> Bool {
        ciphertextSize == other.ciphertextSize && plaintextSize == other.plaintextSize
            && requestedChannels == other.requestedChannels
            && (entityTag == nil || other.entityTag == nil || entityTag == other.entityTag)
            && envelopeFields == other.envelopeFields
            && (lacksTail || other.lacksTail || tail.suffix(Self.sealSize) == other.tail.suffix(Self.sealSize))
    }

    /// Whether these facts may describe a part of the media: they are shorter than confirmed ones, without being
    /// confirmed or having another entity tag.
    func mayBeCutOff(from other: MediaFacts) -> Bool {
        !isConfirmed && other.isConfirmed && plaintextSize < other.plaintextSize
            && (entityTag == nil || other.entityTag == nil || entityTag == other.entityTag)
    }

    /// Whether the plaintext's size is the one that follows from what a resource says of the encryption, or the fields
    /// of an envelope.
    ///
    /// It isn't when the resource said something else at the time at which the media was described.
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

    /// The same facts, confirmed by the content.
    var confirmed: MediaFacts {
        var facts = self
        facts.isConfirmed = true
        return facts
    }

    /// A name of the envelope among these facts; nil when there is none.
    var envelopeDigest: String? {
        try? EnvelopeMetadata.s3EncryptionClient({ envelopeFields[$0] })?.digest()
    }

    /// Whether the last bytes of the ciphertext weren't seen.
    var lacksTail: Bool { Int64(tail.count) < min(Self.tailSize, ciphertextSize) }

    /// The envelope that these fields, or for voice the resource, describe; nil when the media isn't encrypted.
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
    /// Decodes facts, which have to be within the same bounds as those that were received.
    ///
    /// Those of earlier versions don't say whether they are confirmed.
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
            // Earlier versions learnt the tail with each answer to a range, and never without one.
            isConfirmed: try container.decodeIfPresent(Bool.self, forKey: .isConfirmed)
                ?? (Int64(tail.count) >= min(Self.tailSize, ciphertextSize)))
        guard let facts else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "impossible sizes"))
        }
        self = facts
    }

    /// The form in which the catalog keeps facts.
    public var stored: [UInt8] {
        get throws { Array(try JSONEncoder().encode(self)) }
    }

    /// Reads facts that the catalog kept; nil when they are of a form that this version doesn't know.
    public init?(stored: [UInt8]) {
        guard let facts = try? JSONDecoder().decode(MediaFacts.self, from: Data(stored)) else { return nil }
        self = facts
    }
}
