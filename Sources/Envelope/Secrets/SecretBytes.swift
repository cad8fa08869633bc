import COpenSSL

/// Secret bytes on libcrypto's secure heap, wiped when the last reference goes.
///
/// The initializer writes them, nothing changes them, and nothing prints them.
public final class SecretBytes: @unchecked Sendable {
    // Safe although unchecked: only `init` writes the memory, before the object is shared, and `deinit` frees it.
    private let start: UnsafeMutableRawPointer
    private let isOnSecureHeap: Bool

    /// The number of bytes.
    public let count: Int

    /// Makes `count` zero bytes, which `body` fills.
    ///
    /// When the secure heap is full, the bytes are in ordinary memory: failing would protect nothing, and the only
    /// difference is that they can be swapped out. When `body` throws, they are wiped.
    public init<Failure: Error>(
        count: Int, initializedBy body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        SecureHeap.initialize()
        self.count = count
        // libcrypto's allocators return null for size 0.
        let size = max(count, 1)
        if let start = CRYPTO_secure_zalloc(size, nil, 0) {
            self.start = start
            isOnSecureHeap = true
        } else {
            ERR_clear_error()
            SecureHeap.noteOverflow()
            start = .allocate(byteCount: size, alignment: 16)
            start.initializeMemory(as: UInt8.self, repeating: 0, count: size)
            isOnSecureHeap = false
        }
        try body(UnsafeMutableRawBufferPointer(start: start, count: count))
    }

    /// Copies `bytes`; the caller has to wipe the original.
    public convenience init(_ bytes: some Collection<UInt8>) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    deinit {
        if isOnSecureHeap {
            CRYPTO_secure_clear_free(start, max(count, 1), nil, 0)
        } else {
            OPENSSL_cleanse(start, max(count, 1))
            start.deallocate()
        }
    }

    /// Runs `body` with the bytes; it must neither keep them nor copy them to memory that isn't wiped.
    public func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: start, count: count))
    }
}

extension SecretBytes: CustomStringConvertible, CustomReflectable {
    /// The number of bytes.
    public var description: String { "<\(count) secret bytes>" }
    /// An empty mirror, so that `dump` reveals nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
