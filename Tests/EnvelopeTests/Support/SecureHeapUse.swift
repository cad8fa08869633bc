import COpenSSL

@testable import Envelope

extension SecureHeap {
    /// The bytes of the arena in use in this process.
    static var bytesInUse: Int { CRYPTO_secure_used() }
}
