/// What verifying one recording needs to know of its content key: the hash key H and some of its powers, and the masks
/// of two tags.
///
/// Whoever has them can forge content, so they are kept like the content key itself.
struct GHASHKey: Sendable {
    private let key: ContentEncryptionKey

    /// The mask of the content's tag, that of the ranges' GMACs, and then H raised to 2⁰, 2¹, 2² and so on.
    private let secrets: SecretBytes

    /// The initialization vector of the ranges' GMACs.
    ///
    /// Which one doesn't matter, since no GMAC leaves this type.
    private static let rangeVector = [UInt8](repeating: 0, count: 12)

    /// Derives what is needed to move ranges by up to `largestExponent` blocks.
    init(key: ContentEncryptionKey, initializationVector: [UInt8], largestExponent: Int64) throws(EnvelopeError) {
        self.key = key
        // The tag of nothing is its mask, E(K, J₀), since GHASH of nothing is zero.
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

    /// The share that a range has in the hash of the content when `following` blocks come after it: Σ Cᵢ · H^(m − i)
    /// over its m blocks, times H^(1 + following), where 1 stands for the block of lengths at the end.
    ///
    /// libcrypto computes the GMAC of the range: its hash, with the range as additional data, is (Σ Cᵢ · H^(m − i) + L)
    /// · H, masked, where L is the block of lengths. Without the mask and L · H, the sum times H remains.
    func share(of range: UnsafeRawBufferPointer, following: Int64) throws(EnvelopeError) -> FieldElement {
        let masked = try Self.tag(of: range, key, Self.rangeVector)
        let lengths = FieldElement(Block(value: UInt128(UInt64(range.count) * 8) << 64))
        let hash = FieldElement(masked ^ secret(at: 1)) + multiply(lengths, byHashKeyToThe: 1)
        return multiply(hash, byHashKeyToThe: following)
    }

    /// Multiplies with H^`exponent`, which isn't secret and not larger than the largest one announced.
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
        secrets.withUnsafeBytes { bytes in
            Block(UnsafeRawBufferPointer(rebasing: bytes[(index * 16)..<(index * 16 + 16)]))
        }
    }

    /// The GMAC of `data`: GCM's tag where all data is additional and nothing is encrypted.
    private static func tag(
        of data: UnsafeRawBufferPointer, _ key: ContentEncryptionKey, _ initializationVector: [UInt8]
    ) throws(EnvelopeError) -> Block {
        try initializationVector.span.bytes.withUnsafeBytes { (vector) throws(EnvelopeError) -> Block in
            var context = try CipherContext(.gcm, .encrypt, key: key, initializationVector: vector)
            try context.update(data, into: nil)
            return try context.tag()
        }
    }
}
