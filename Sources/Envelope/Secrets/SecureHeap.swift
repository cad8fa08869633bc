import COpenSSL
import Synchronization

/// libcrypto's secure heap: an arena between guard pages, locked into memory and excluded from core dumps.
///
/// Private keys and content keys are here. libcrypto puts the secret numbers of RSA keys on the heap only if the heap
/// exists, so this module makes it before it reads a private key.
public enum SecureHeap {
    /// The protection of this process's secrets.
    public enum Protection: Sendable, Hashable {
        /// The arena is locked into memory and excluded from core dumps.
        case locked
        /// The system refused a part of the protection, usually because RLIMIT_MEMLOCK is smaller than the arena:
        /// secrets may be swapped out.
        case unlocked
        /// There is no memory for the arena, or other code has made an arena, whose protection is unknown.
        ///
        /// Secrets are still wiped.
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

    private static let overflown = Atomic(false)

    /// Whether the arena was full at least once, so that secrets are in ordinary memory, or were: it may be swapped.
    public static var hasOverflown: Bool { overflown.load(ordering: .relaxed) }

    /// Notes that the arena is full.
    static func noteOverflow() { overflown.store(true, ordering: .relaxed) }

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
    /// All code that makes secrets calls it. A program calls it early, before it drops privileges or sets limits, and
    /// warns when the memory can't be locked.
    @discardableResult
    public static func initialize() -> Protection { protection }
}
