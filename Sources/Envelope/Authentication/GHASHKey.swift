/// The secrets for verifying one recording: the hash key H, some of its powers, and the masks of two tags.
///
/// They suffice to forge content, so they are protected like the content key.
struct GHASHKey: Sendable {
    private let key: ContentEncryptionKey

    /// The mask of the content's tag, that of the ranges' GMACs, then H^(2⁰), H^(2¹), H^(2²) and so on.
    private let secrets: SecretBytes
    /// The initialization vector of the ranges' GMACs; its value is irrelevant, since no GMAC leaves this type.
    private static let rangeVector = [UInt8](repeating: 0, count: 12)

    /// Derives the powers of H for moving ranges by up to `largestExponent` blocks.
    init(key: ContentEncryptionKey, initializationVector: [UInt8], largestExponent: Int64) throws(EnvelopeError) {
        self.key = key
        // The tag of no data is its mask, E(K, J₀), since GHASH of no data is zero.
        let contentMask = try Self.tag(of: UnsafeRawBufferPointer(start: nil, count: 0), key, initializationVector)
        let rangeMask = try Self.tag(of: UnsafeRawBufferPointer(start: nil, count: 0), key, Self.rangeVector)
        let hashKey = FieldElement(try Block.zero.applying(.encrypt, key: key))
        let powers = max(1, Int64.bitWidth - largestExponent.leadingZeroBitCount)
        secrets = SecretBytes(count: (2 + powers) * 16) { memory in
            memory.storeBytes(of: contentMask.bigEndian, as: UInt128.self)
            memory.storeBytes(of: rangeMask.bigEndian, toByteOffset: 16, as: UInt128.self)
            var power = hashKey
            for index in 0..<powers {
                memory.storeBytes(of: power.block.bigEndian, toByteOffset: (2 + index) * 16, as: UInt128.self)
                power = power * power
            }
        }
    }

    /// The mask of the content's tag: E(K, J₀).
    var contentMask: Block { secret(at: 0) }

    /// A range's share in the content's hash; `following` is the number of AES blocks after the range.
    ///
    /// For m blocks it is Σ Cᵢ · H^(m − i) · H^(1 + following); the 1 stands for the block of lengths at the end.
    /// libcrypto computes the GMAC of the range as additional data: (Σ Cᵢ · H^(m − i) + L) · H, masked, where L is
    /// the block of lengths. Without the mask and L · H, the sum times H remains.
    func share(of range: UnsafeRawBufferPointer, following: Int64) throws(EnvelopeError) -> FieldElement {
        let masked = try Self.tag(of: range, key, Self.rangeVector)
        let lengths = FieldElement(Block(value: UInt128(UInt64(range.count) * 8) << 64))
        let hash = FieldElement(masked ^ secret(at: 1)) + multiply(lengths, byHashKeyToThe: 1)
        return multiply(hash, byHashKeyToThe: following)
    }

    /// Multiplies by H^`exponent`; the exponent isn't secret, and `largestExponent` is the limit.
    func multiply(_ element: FieldElement, byHashKeyToThe exponent: Int64) -> FieldElement {
        var result = element
        var remaining = exponent
        while remaining > 0 {
            result = result * FieldElement(secret(at: 2 + remaining.trailingZeroBitCount))
            remaining &= remaining - 1
        }
        return result
    }

    private func secret(at index: Int) -> Block {
        secrets.withUnsafeBytes { Block(UnsafeRawBufferPointer(rebasing: $0[(index * 16)...])) }
    }

    /// The GMAC of `data`: GCM's tag of additional data without content.
    private static func tag(
        of data: UnsafeRawBufferPointer, _ key: ContentEncryptionKey, _ initializationVector: [UInt8]
    ) throws(EnvelopeError) -> Block {
        var context = try CipherContext(
            .gcm, .encrypt, key: key, initializationVector: initializationVector.span.bytes)
        try context.update(data, into: nil)
        return try context.tag()
    }
}
