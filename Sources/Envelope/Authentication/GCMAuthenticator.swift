import COpenSSL
public import Support

/// Verifies the tag of GCM content whose ranges arrive in any order, some of them repeatedly.
///
/// GHASH, the hash under the tag, is linear: the content's hash is the sum of the shares of its ranges, each moved to
/// its place by a power of the hash key. So each range is hashed when it arrives, and only the sum is kept. libcrypto
/// hashes the ranges. This type moves and adds the shares, since every library requires the content in order.
///
/// Threads that share an authenticator have to lock it. Absorbing takes as long as hashing, plus some microseconds.
public struct GCMAuthenticator: Sendable {
    private let hashKey: GHASHKey
    private let contentSize: Int64

    /// The sum of the shares of the AES blocks in `coverage`; an error changes neither.
    private var sum = FieldElement(.zero)
    private var coverage = BlockCoverage()

    private var tag: [UInt8]
    /// The received bytes of `tag`: bit i stands for byte i.
    private var tagBytes: UInt16 = 0

    /// Identifies the bytes of a range: the same for the same bytes at the same place.
    ///
    /// Other bytes have the same fingerprint with a probability below 2⁻⁶⁰, even if an attacker without the content key
    /// chose them. It is the range's share in GHASH, a universal hash under a secret key, so it must not be disclosed.
    public struct Fingerprint: Sendable, Hashable {
        fileprivate let share: FieldElement
        /// The numbers of the range's AES blocks.
        fileprivate let blocks: Range<Int64>
    }

    /// Makes an authenticator that has absorbed nothing.
    ///
    /// - Parameters:
    ///   - key: The content key.
    ///   - metadata: The envelope.
    ///   - ciphertextSize: The size of the ciphertext in bytes, tag included.
    /// - Throws: `unsupportedScheme` for content other than GCM; `truncated`, `invalidMetadata` when GCM can't make a
    ///   ciphertext of this size; `cryptoFailure`.
    public init(
        key: ContentEncryptionKey, metadata: EnvelopeMetadata, ciphertextSize: Int64
    ) throws(EnvelopeError) {
        guard metadata.cipher == .aes256GCM else {
            throw EnvelopeError(
                .unsupportedScheme, "AES-CBC content has no tag: check its padding and length instead.")
        }
        contentSize = try CiphertextLayout.plaintextSize(ofGCMCiphertextSize: ciphertextSize)
        tag = Array(repeating: 0, count: Int(CiphertextLayout.tagSize))
        hashKey = try GHASHKey(
            key: key, initializationVector: metadata.initializationVector,
            largestExponent: Self.blockCount(contentSize))
    }

    /// Absorbs a range of the ciphertext.
    ///
    /// Bytes that are absorbed twice count once, and the second ones aren't compared with the first: a caller that
    /// fetches absorbed bytes again has to compare fingerprints before it uses the bytes.
    ///
    /// - Parameters:
    ///   - ciphertext: Content, tag, or the end of the content and the beginning of the tag.
    ///   - offset: The ciphertext offset of its first byte. It and the range's end have to be multiples of 16, unless
    ///     they are in the tag or at the content's end.
    /// - Throws: `invalidRange` for a misaligned range or one beyond the tag; `cryptoFailure`. Nothing is absorbed
    ///   then.
    public mutating func absorb(_ ciphertext: RawSpan, at offset: Int64) throws(EnvelopeError) {
        let whole = try fingerprint(of: ciphertext, at: offset)
        let gaps = coverage.gaps(in: whole.blocks)
        try ciphertext.withUnsafeBytes { (bytes) throws(EnvelopeError) in
            var added = whole.share
            if gaps != [whole.blocks] {
                added = FieldElement(.zero)
                for gap in gaps { added = try added + share(of: gap, in: bytes, at: offset) }
            }
            sum = sum + added
            absorbTag(bytes, at: offset)
        }
        coverage.insert(whole.blocks)
    }

    /// Hashes a range of the ciphertext without absorbing it; several threads may hash at once.
    ///
    /// Parameters and errors are those of ``absorb(_:at:)``.
    public func fingerprint(of ciphertext: RawSpan, at offset: Int64) throws(EnvelopeError) -> Fingerprint {
        let end = try min(end(of: ciphertext, at: offset), contentSize)
        guard offset < end else { return Fingerprint(share: FieldElement(.zero), blocks: 0..<0) }
        let blocks = try blocks(from: offset, to: end)
        return try ciphertext.withUnsafeBytes { (bytes) throws(EnvelopeError) in
            Fingerprint(share: try share(of: blocks, in: bytes, at: offset), blocks: blocks)
        }
    }

    /// Absorbs a range by its fingerprint, at next to no cost.
    ///
    /// - Parameters:
    ///   - fingerprint: The range's fingerprint.
    ///   - ciphertext: The range, from which the tag is copied.
    ///   - offset: The ciphertext offset of its first byte.
    /// - Throws: `invalidRange` when a part of the range's content, but not all of it, has been absorbed.
    public mutating func absorb(
        _ fingerprint: Fingerprint, of ciphertext: RawSpan, at offset: Int64
    ) throws(EnvelopeError) {
        ciphertext.withUnsafeBytes { absorbTag($0, at: offset) }
        let gaps = coverage.gaps(in: fingerprint.blocks)
        if gaps.isEmpty { return }
        guard gaps == [fingerprint.blocks] else {
            throw EnvelopeError(.invalidRange, "A part of this range of the content has been absorbed already.")
        }
        sum = sum + fingerprint.share
        coverage.insert(fingerprint.blocks)
    }

    /// Whether all of the content and the tag have been absorbed.
    public var isComplete: Bool { coverage.covers(0..<Self.blockCount(contentSize)) && tagBytes == .max }

    /// The first range of content not absorbed, in ciphertext offsets; nil when all of it has been absorbed.
    public var firstMissingRange: Range<Int64>? {
        coverage.gaps(in: 0..<Self.blockCount(contentSize)).first.map { gap in
            let size = CiphertextLayout.blockSize
            return (gap.lowerBound * size)..<min(gap.upperBound * size, contentSize)
        }
    }

    /// Verifies the content against its tag, in constant time.
    ///
    /// - Throws: `truncated` while content or tag is incomplete; `authenticationFailed` when the tag doesn't match.
    public func verify() throws(EnvelopeError) {
        guard isComplete else {
            throw EnvelopeError(
                .truncated, "Not all of the ciphertext has been absorbed, so its tag can't be verified yet.")
        }
        let lengths = FieldElement(Block(value: UInt128(UInt64(contentSize) * 8)))
        let hash = sum + hashKey.multiply(lengths, byHashKeyToThe: 1)
        let expected = hash.block ^ hashKey.contentMask
        let isEqual = withUnsafeBytes(of: expected.bigEndian) { CRYPTO_memcmp($0.baseAddress, tag, tag.count) == 0 }
        guard isEqual else { throw EnvelopeError(.authenticationFailed, "GCM tag mismatch") }
    }

    /// Checks that a range is within the ciphertext; returns its end.
    private func end(of ciphertext: RawSpan, at offset: Int64) throws(EnvelopeError) -> Int64 {
        let (end, overflow) = offset.addingReportingOverflow(Int64(ciphertext.byteCount))
        guard offset >= 0, !overflow, end <= contentSize + CiphertextLayout.tagSize else {
            throw EnvelopeError(
                .invalidRange,
                "\(ciphertext.byteCount) bytes at \(offset) go beyond the ciphertext, which has"
                    + " \(contentSize) bytes and a tag of 16.")
        }
        return end
    }

    /// The numbers of the AES blocks in a range of the content.
    private func blocks(from offset: Int64, to end: Int64) throws(EnvelopeError) -> Range<Int64> {
        let blockSize = CiphertextLayout.blockSize
        guard offset % blockSize == 0, end == contentSize || end % blockSize == 0 else {
            throw EnvelopeError(.invalidRange, "The content bytes \(offset)..<\(end) aren't whole 16-byte blocks.")
        }
        return (offset / blockSize)..<Self.blockCount(end)
    }

    /// The share of AES blocks in the content's hash.
    ///
    /// - Parameter offset: The ciphertext offset of `bytes`, at or before the first of the blocks.
    private func share(
        of part: Range<Int64>, in bytes: UnsafeRawBufferPointer, at offset: Int64
    ) throws(EnvelopeError) -> FieldElement {
        let blockSize = CiphertextLayout.blockSize
        let start = Int(part.lowerBound * blockSize - offset)
        let count = Int(min(part.upperBound * blockSize, contentSize) - part.lowerBound * blockSize)
        return try hashKey.share(
            of: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]),
            following: Self.blockCount(contentSize) - part.upperBound)
    }

    private mutating func absorbTag(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        for index in tag.indices where tagBytes & (1 << index) == 0 {
            let position = contentSize + Int64(index) - offset
            if position >= 0, position < bytes.count {
                tag[index] = bytes[Int(position)]
                tagBytes |= 1 << index
            }
        }
    }

    /// The number of AES blocks in `size` bytes; the last one may be shorter.
    private static func blockCount(_ size: Int64) -> Int64 {
        (size + CiphertextLayout.blockSize - 1) / CiphertextLayout.blockSize
    }
}
