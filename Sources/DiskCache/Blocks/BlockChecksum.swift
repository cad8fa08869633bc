import CXXHash

/// XXH3 with 64 bits over pieces that come one after the other.
///
/// It finds accidents: a file that was cut, a disk that lies, a write that a power failure has lost. Forgery is for the
/// content's own tag to find.
struct BlockChecksum: ~Copyable {
    private let state: OpaquePointer

    /// Begins; nil when there is no memory.
    init?() {
        guard let state = XXH3_createState() else { return nil }
        self.state = state
        XXH3_64bits_reset(state)
    }

    deinit {
        XXH3_freeState(state)
    }

    /// Takes the next bytes in.
    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        XXH3_64bits_update(state, start, bytes.count)
    }

    /// The checksum of what was taken in so far.
    var value: UInt64 { XXH3_64bits_digest(state) }
}
