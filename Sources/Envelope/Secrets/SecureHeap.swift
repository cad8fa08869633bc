import COpenSSL

/// libcrypto's secure heap: an arena between guard pages, locked into memory and excluded from core dumps.
///
/// Private keys and content encryption keys live here. libcrypto puts the secret numbers of RSA keys here once the heap
/// exists, so the code of this module makes it before reading a key.
public enum SecureHeap {
    /// The protection of this process's secrets.
    public enum Protection: Sendable, Hashable {
        /// The arena is locked into memory and excluded from core dumps.
        case locked
        /// The system refused a part of the protection, usually because RLIMIT_MEMLOCK is smaller than the arena:
        /// secrets may be swapped out.
        case unlocked
        /// There is no arena: no memory for it, or other code made one first, whose protection is unknown. Secrets are
        /// still wiped.
        case unavailable
    }

    /// The size of the arena in bytes; a power of two.
    ///
    /// A content key takes 32 bytes, the GHASH key of a file being verified up to 1024, an RSA key of 4096 bits 6 KiB.
    /// So 2 MiB hold thousands of content keys and dozens of RSA keys, within the 8 MiB that Linux and systemd let a
    /// process lock by default.
    static let size = 2 << 20

    /// The smallest allocation in bytes, a content key; a power of two.
    private static let smallestPiece = 32

    private static let protection: Protection = {
        switch CRYPTO_secure_malloc_init(size, smallestPiece) {
        case 1: return .locked
        case 2: return .unlocked
        default:
            ERR_clear_error()
            return .unavailable
        }
    }()

    /// Makes the secure heap on the first call and returns its protection.
    ///
    /// All code that holds secrets calls it. Call it early, before dropping privileges or setting limits, and warn
    /// about memory that can't be locked.
    @discardableResult
    public static func initialize() -> Protection { protection }

    /// The bytes of the arena in use in this process.
    static var bytesInUse: Int { CRYPTO_secure_used() }
}
