/// An AES block: 16 bytes as a big-endian number.
struct Block: Sendable, Hashable {
    /// The number in big-endian byte order, so that its bytes in memory are those of the AES block.
    var bigEndian: UInt128

    static let zero = Block(value: 0)

    init(value: UInt128) { bigEndian = value.bigEndian }

    /// Reads the first 16 bytes, and pads fewer with zeros.
    init(_ bytes: UnsafeRawBufferPointer) {
        bigEndian = 0
        withUnsafeMutableBytes(of: &bigEndian) { $0.copyBytes(from: bytes.prefix(16)) }
    }

    /// Reads the first 16 bytes, and pads fewer with zeros.
    init(_ bytes: Span<UInt8>) { self = bytes.withUnsafeBytes { Block($0) } }

    /// The block as a number.
    var value: UInt128 { UInt128(bigEndian: bigEndian) }

    /// GCM's counter: the last 32 bits.
    var counter: UInt32 { UInt32(truncatingIfNeeded: value) }

    /// Adds to the counter modulo 2³², without changing the other bits (inc32, SP 800-38D, section 6.2).
    func incremented(by count: UInt32) -> Block {
        Block(value: value & ~UInt128(UInt32.max) | UInt128(counter &+ count))
    }

    static func ^ (left: Block, right: Block) -> Block { Block(value: left.value ^ right.value) }

    /// Encrypts or decrypts this AES block with AES-256.
    func applying(_ direction: CipherContext.Direction, key: ContentEncryptionKey) throws(EnvelopeError) -> Block {
        var context = try CipherContext(.electronicCodebook, direction, key: key, initializationVector: RawSpan())
        return try context.update(self)
    }

    /// The number of padding bytes at the end, 1 to 16; nil without valid padding.
    ///
    /// Each padding byte holds that number (RFC 5652, section 6.3). The time doesn't depend on the bytes.
    var paddingSize: Int? {
        let size = UInt8(truncatingIfNeeded: value)
        var difference: UInt8 = 0
        withUnsafeBytes(of: bigEndian) { bytes in
            for (index, byte) in bytes.enumerated() {
                // 0xFF for a byte of the padding, where 16 - index <= size; 0 for any other byte.
                let isPadding = 0 &- (UInt8(truncatingIfNeeded: (15 - index - Int(size)) >> 8) & 1)
                difference |= isPadding & (byte ^ size)
            }
        }
        return difference == 0 && 1...16 ~= size ? Int(size) : nil
    }
}
