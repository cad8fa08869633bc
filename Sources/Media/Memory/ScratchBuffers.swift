import Support

/// Reused buffers for plaintext on its way to readers.
///
/// There is one per worker and one per libfuse thread, so a caller rarely waits until another one returns a buffer.
final class ScratchBuffers: Sendable {
    private struct Buffer: @unchecked Sendable {
        // Safe although unchecked: it is in the list or with one user.
        let memory: UnsafeMutableRawBufferPointer
    }

    /// The bytes in a buffer: the largest read, and a piece of ciphertext from a file.
    static let size = Int(PendingRead.largest) + (64 << 10)

    private let free: Condition<[Buffer]>

    init(count: Int) {
        free = Condition(
            (0..<max(1, count)).map { _ in Buffer(memory: .allocate(byteCount: Self.size, alignment: 4096)) })
    }

    deinit {
        for buffer in free.change({ $0 }) { buffer.memory.deallocate() }
    }

    /// Lends a buffer of ``size`` bytes with unspecified contents; must not be nested.
    func withBuffer<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer = free.waitWithoutEnd { $0.popLast() }
        defer { free.changeForOne { $0.append(buffer) } }
        return try body(buffer.memory)
    }
}
