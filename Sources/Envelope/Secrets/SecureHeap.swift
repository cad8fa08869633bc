import COpenSSL

/// libcrypto's secure heap: one arena between guard pages, locked into memory and left out of core dumps.
///
/// Private keys and content encryption keys live here. libcrypto itself puts the secret numbers of RSA keys here once
/// the heap exists, so it has to exist before the first key is read; everything in this module sees to that.
public enum SecureHeap {
    /// Says how well the secrets of this process are kept.
    public enum Protection: Sendable, Hashable {
        /// The secrets are locked into memory, and left out of core dumps.
        case locked
        /// The secrets have their arena, but the system didn't allow all of its protection: RLIMIT_MEMLOCK is smaller
        /// than the arena, usually, and the secrets may be swapped out.
        case unlocked
        /// There is no arena (no memory for it, or something else in the process made one first with a protection that
        /// can't be asked for). Secrets are still wiped when they are let go.
        case unavailable
    }

    /// The size of the arena in bytes; a power of two.
    ///
    /// A content key takes 32 bytes and the GHASH key of a file being verified up to 1024; an RSA key of 4096 bits
    /// takes about 6 KiB. 2 MiB hold thousands of the former beside dozens of the latter and fit into the 8 MiB that
    /// Linux and systemd let a process lock by default.
    static let size = 2 << 20

    /// The smallest piece handed out, in bytes, which is a content key; a power of two.
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

    /// Makes the secure heap, the first time it is called, and says how well it is protected.
    ///
    /// Everything of this module that holds secrets calls it. Call it early, before privileges are dropped or limits
    /// set, and to warn when memory couldn't be locked.
    @discardableResult
    public static func initialize() -> Protection {
        protection
    }

    /// The number of bytes of the arena in use, by anything in this process.
    static var bytesInUse: Int { CRYPTO_secure_used() }
}
