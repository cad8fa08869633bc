import Envelope
import Synchronization

/// A block of one file's ciphertext in memory.
///
/// One fetch writes it from beginning to end and never overwrites bytes. Readers only access bytes published under the
/// file's lock, so reading takes no lock.
final class Block: @unchecked Sendable {
    // Safe although unchecked: the writer only accesses unpublished bytes, readers only published ones; the file's
    // lock, taken to publish and to learn the published count, orders the two.

    /// The bytes in a block, a multiple of an AES block: few enough for cheap seeks, enough for a negligible overhead.
    static let size = 128 << 10

    /// The bytes kept before the block's own, since decryption may need the preceding AES block.
    static let prefixSize = Int(CiphertextLayout.blockSize)

    /// The block's number; its ciphertext offset is `index * Block.size`.
    let index: Int

    /// The block's own bytes; fewer than ``size`` only in the last block.
    let byteCount: Int

    private let memory: PooledMemory

    /// Set after the authentication; two threads may both authenticate a block, which is harmless.
    private let wasAuthenticated = Atomic(false)

    init(index: Int, byteCount: Int, memory: PooledMemory) {
        self.index = index
        self.byteCount = byteCount
        self.memory = memory
    }

    /// The ciphertext offset of the first byte.
    var offset: Int64 { Int64(index) * Int64(Self.size) }

    var isAuthenticated: Bool { wasAuthenticated.load(ordering: .acquiring) }
    func noteAuthentication() { wasAuthenticated.store(true, ordering: .releasing) }

    /// Copies bytes to a position relative to the block's first byte; −16…−1 is the prefix.
    func write(_ bytes: RawSpan, at position: Int) {
        precondition(position >= -Self.prefixSize && position + bytes.byteCount <= byteCount)
        bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            (memory.bytes + position).copyMemory(from: base, byteCount: source.count)
        }
    }

    /// Passes published bytes to `body`; the range is relative to the block's first byte and may begin at −16.
    func read<Result, Failure: Error>(
        _ range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= -Self.prefixSize && range.upperBound <= byteCount)
        let bytes = UnsafeRawBufferPointer(start: memory.bytes + range.lowerBound, count: range.count)
        return try body(bytes.bytes)
    }

    /// The block's own bytes, after the prefix if requested, for a system call; valid as long as the block.
    func unsafeBytes(withPrefix: Bool) -> UnsafeMutableRawBufferPointer {
        let start = withPrefix ? -Self.prefixSize : 0
        return UnsafeMutableRawBufferPointer(start: memory.bytes + start, count: byteCount - start)
    }
}
