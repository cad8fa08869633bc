import Support

/// Buffers for plaintext on its way to a reader, made once and used again, so that a read allocates none.
///
/// There is one for each thread that may read, so whoever asks while all are lent waits for no longer than a decryption
/// takes.
final class ScratchBuffers: Sendable {
    private struct Buffer: @unchecked Sendable {
        // Safe although unchecked: it is in the list or with one user, never both.
        let memory: UnsafeMutableRawBufferPointer
    }

    /// Bytes in a buffer: the largest read, and a piece of ciphertext where that comes from a file.
    static let size = (1 << 20) + (64 << 10)

    private let free: Condition<[Buffer]>

    init(count: Int) {
        free = Condition(
            (0..<max(1, count)).map { _ in Buffer(memory: .allocate(byteCount: Self.size, alignment: 4096)) })
    }

    deinit {
        for buffer in free.change({ $0 }) { buffer.memory.deallocate() }
    }

    /// Lends a buffer of ``size`` bytes, with unspecified contents.
    ///
    /// Not to be called by whoever has one already.
    func withBuffer<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer = free.waitWithoutEnd { $0.popLast() }
        defer { free.changeForOne { $0.append(buffer) } }
        return try body(buffer.memory)
    }
}
