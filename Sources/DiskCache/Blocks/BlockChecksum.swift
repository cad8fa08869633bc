import CXXHash

/// A streaming 64-bit XXH3 checksum.
///
/// It detects accidents: a truncated file, a faulty disk, a write lost in a power failure. It doesn't detect forgery;
/// only the content's authentication tag does, if there is one.
struct BlockChecksum: ~Copyable {
    private let state: OpaquePointer

    /// Returns nil when memory is exhausted.
    init?() {
        guard let state = XXH3_createState() else { return nil }
        self.state = state
        XXH3_64bits_reset(state)
    }

    deinit { XXH3_freeState(state) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        XXH3_64bits_update(state, start, bytes.count)
    }

    /// The checksum of the bytes so far.
    var value: UInt64 { XXH3_64bits_digest(state) }
}
