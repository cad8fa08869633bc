import COpenSSL

/// Memory for messages with secrets: on libcrypto's secure heap, used again and again, wiped after each use.
///
/// One thread uses it at a time.
public final class SecretBuffer: @unchecked Sendable {
    // Safe although unchecked: the memory is reached through `bytes`, whose user is one thread.
    private let start: UnsafeMutableRawPointer
    private let isOnSecureHeap: Bool

    /// The size in bytes.
    public let count: Int

    /// Makes a buffer of zeros; it is in ordinary memory when the secure heap is full, as ``SecretBytes`` are.
    public init(count: Int) {
        SecureHeap.initialize()
        self.count = count
        if let start = CRYPTO_secure_zalloc(count, nil, 0) {
            self.start = start
            isOnSecureHeap = true
        } else {
            ERR_clear_error()
            SecureHeap.noteOverflow()
            start = .allocate(byteCount: count, alignment: 16)
            start.initializeMemory(as: UInt8.self, repeating: 0, count: count)
            isOnSecureHeap = false
        }
    }

    deinit {
        if isOnSecureHeap {
            CRYPTO_secure_clear_free(start, count, nil, 0)
        } else {
            OPENSSL_cleanse(start, count)
            start.deallocate()
        }
    }

    /// The memory, as long as the buffer is kept.
    public var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: start, count: count) }

    /// Wipes the first bytes.
    public func wipe(_ used: Int) { OPENSSL_cleanse(start, min(used, count)) }
}
