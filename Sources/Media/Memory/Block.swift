import Envelope
import Synchronization

/// A piece of one file's ciphertext in memory.
///
/// Written by one fetch, from its beginning to its end, and never changed where it was written. Readers look only at
/// bytes that were published under the file's lock, so reading needs no lock.
final class Block: @unchecked Sendable {
    // Safe although unchecked: the writer touches only bytes beyond those that were published, readers only those
    // before; the file's lock, taken to publish and to learn what is published, orders the two.

    /// Bytes in a block, a multiple of AES's block size.
    ///
    /// Small enough that a seek costs little, large enough that the work for each is nothing beside its bytes.
    static let size = 128 << 10

    /// Bytes kept before the block's own: decrypting may need the block of AES before the first one.
    static let prefixSize = Int(CiphertextLayout.blockSize)

    /// The block's number: its first byte stands at `index * Block.size` of the ciphertext.
    let index: Int

    /// The block's own bytes; only the file's last block has fewer than ``size``.
    let byteCount: Int

    private let memory: PooledMemory

    /// Whether the authentication has seen the block.
    ///
    /// Two threads may both find that it hasn't, and both show it: once is enough, and twice does no harm.
    private let wasSeen = Atomic(false)

    init(index: Int, byteCount: Int, memory: PooledMemory) {
        self.index = index
        self.byteCount = byteCount
        self.memory = memory
    }

    /// Offset of the first byte in the ciphertext.
    var offset: Int64 { Int64(index) * Int64(Self.size) }

    /// Whether the content's authentication has seen the block.
    var isAuthenticated: Bool { wasSeen.load(ordering: .acquiring) }

    /// The content's authentication has seen the block.
    func noteAuthentication() {
        wasSeen.store(true, ordering: .releasing)
    }

    /// Copies bytes into the block.
    ///
    /// - Parameter position: relative to the block's first byte; −16…−1 is the prefix.
    func write(_ bytes: RawSpan, at position: Int) {
        precondition(position >= -Self.prefixSize && position + bytes.byteCount <= byteCount)
        bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            (memory.bytes + position).copyMemory(from: base, byteCount: source.count)
        }
    }

    /// Lets `body` read bytes of the block that have been published.
    ///
    /// - Parameter range: relative to the block's first byte; may begin in the prefix, at −16.
    func read<Result, Failure: Error>(
        _ range: Range<Int>, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(range.lowerBound >= -Self.prefixSize && range.upperBound <= byteCount)
        let bytes = UnsafeRawBufferPointer(start: memory.bytes + range.lowerBound, count: range.count)
        return try body(bytes.bytes)
    }

    /// The block's own bytes, behind `prefixSize` bytes of prefix when asked for, to be filled or stored by a system
    /// call.
    ///
    /// Valid as long as the block is.
    func unsafeBytes(withPrefix: Bool) -> UnsafeMutableRawBufferPointer {
        let start = withPrefix ? -Self.prefixSize : 0
        return UnsafeMutableRawBufferPointer(start: memory.bytes + start, count: byteCount - start)
    }
}
