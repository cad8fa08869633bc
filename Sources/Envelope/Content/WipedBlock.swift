import COpenSSL

/// 16 bytes of working memory, wiped when they go out of scope.
struct WipedBlock: ~Copyable {
    private let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 16)

    init() { _ = bytes.initializeMemory(as: UInt8.self, repeating: 0) }

    deinit {
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        bytes.deallocate()
    }

    /// Runs `body` with the bytes, initially zero.
    mutating func withBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) throws(EnvelopeError) -> Result
    ) throws(EnvelopeError) -> Result {
        try body(bytes)
    }
}
