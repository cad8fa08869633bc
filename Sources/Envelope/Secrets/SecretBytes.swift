import COpenSSL

/// A number of secret bytes on libcrypto's secure heap, wiped when the last reference goes.
///
/// They are written once, while they are made, and only read from then on. Nothing prints them.
public final class SecretBytes: @unchecked Sendable {
    // Safe although unchecked: the memory is written in `init` alone, before anyone else has the object, and it is
    // freed in `deinit`, after everyone else has let go of it.
    private let start: UnsafeMutableRawPointer
    private let isOnSecureHeap: Bool

    /// The number of bytes.
    public let count: Int

    /// Makes `count` zero bytes and lets `body` fill them in.
    ///
    /// When the secure heap is full, ordinary memory is taken: refusing to open a file would protect nothing, since all
    /// that differs is that the bytes could be swapped out.
    ///
    /// - Parameters:
    ///   - count: The number of bytes; not negative.
    ///   - body: Fills the bytes in. What it throws is passed on, after wiping what it wrote.
    public init<Failure: Error>(
        count: Int, initializedBy body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        SecureHeap.initialize()
        self.count = count
        // libcrypto's allocators return null when asked for nothing.
        let size = max(count, 1)
        if let start = CRYPTO_secure_zalloc(size, nil, 0) {
            self.start = start
            isOnSecureHeap = true
        } else {
            ERR_clear_error()
            start = .allocate(byteCount: size, alignment: 16)
            start.initializeMemory(as: UInt8.self, repeating: 0, count: size)
            isOnSecureHeap = false
        }
        try body(UnsafeMutableRawBufferPointer(start: start, count: count))
    }

    /// Makes a copy of `bytes`, which the caller has to wipe itself.
    public convenience init(_ bytes: some Collection<UInt8>) {
        self.init(count: bytes.count) { memory in
            memory.copyBytes(from: bytes)
        }
    }

    deinit {
        if isOnSecureHeap {
            CRYPTO_secure_clear_free(start, max(count, 1), nil, 0)
        } else {
            OPENSSL_cleanse(start, max(count, 1))
            start.deallocate()
        }
    }

    /// Runs `body` with the bytes, which it must neither keep nor copy to where they aren't wiped.
    public func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: start, count: count))
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says how many bytes there are, and nothing about them.
    public var description: String { "<\(count) secret bytes>" }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// An empty mirror, so that `dump` shows nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
