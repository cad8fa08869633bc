/// An element of GF(2¹²⁸) in GCM's representation (NIST SP 800-38D, section 6.3).
///
/// The block's first bit is the coefficient of x⁰, its last bit that of x¹²⁷, and x¹²⁸ = 1 + x + x² + x⁷.
struct FieldElement: Sendable, Hashable {
    let block: Block

    init(_ block: Block) { self.block = block }

    /// Addition, which is also subtraction.
    static func + (left: FieldElement, right: FieldElement) -> FieldElement {
        FieldElement(left.block ^ right.block)
    }

    /// Multiplication (algorithm 1 of section 6.3).
    ///
    /// One factor is secret, so no branch and no memory access depends on a bit of either. A multiplication takes a
    /// fraction of a microsecond. It serves to move the share of a whole range; libcrypto hashes the range itself.
    static func * (left: FieldElement, right: FieldElement) -> FieldElement {
        let reduction: UInt128 = 0xE1 << 120
        var remaining = left.block.value
        var shifted = right.block.value
        var product: UInt128 = 0
        for _ in 0..<128 {
            product ^= shifted & (0 &- (remaining &>> 127))
            shifted = (shifted &>> 1) ^ (reduction & (0 &- (shifted & 1)))
            remaining = remaining &<< 1
        }
        return FieldElement(Block(value: product))
    }
}
