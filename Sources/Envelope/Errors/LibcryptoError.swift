import COpenSSL
import Support

/// What libcrypto left in the calling thread's error queue.
///
/// The queue is taken whole: an entry left behind would be blamed on the next call of the same thread, which may be
/// somebody else's (libcurl's TLS shares the queue).
struct LibcryptoError: Error, Sendable, CustomStringConvertible {
    /// The packed codes, oldest first.
    private let codes: [UInt]

    /// The reason of a failed allocation (ERR_R_MALLOC_FAILURE), in the form that `contains(reason:)` compares with.
    static let outOfMemory = Int32(ERR_R_MALLOC_FAILURE)

    /// The reason that no provider has an algorithm (ERR_R_UNSUPPORTED), likewise.
    static let unsupported = Int32(ERR_R_UNSUPPORTED)

    /// Empties the thread's error queue into a value.
    static func drain() -> LibcryptoError {
        var codes: [UInt] = []
        while case let code = ERR_get_error(), code != 0 {
            codes.append(code)
        }
        return LibcryptoError(codes: codes)
    }

    /// Makes the error of a failed libcrypto call, and empties the queue.
    static func failure(_ call: StaticString) -> EnvelopeError {
        EnvelopeError(
            .cryptoFailure, "libcrypto failed in \(call), which it never should: check the installation of OpenSSL.",
            cause: drain())
    }

    /// Whether an entry has this reason, whatever part of libcrypto it comes from.
    func contains(reason: Int32) -> Bool {
        codes.contains { ERR_GET_REASON($0) == reason }
    }

    /// Whether an entry comes from this part of libcrypto and has this reason.
    func contains(library: Int32, reason: Int32) -> Bool {
        codes.contains { ERR_GET_LIB($0) == library && ERR_GET_REASON($0) == reason }
    }

    var description: String {
        guard !codes.isEmpty else { return "libcrypto gave no reason" }
        return codes.map(Self.text(of:)).joined(separator: "; ")
    }

    private static func text(of code: UInt) -> String {
        // 256 bytes is what ERR_error_string_n's manual page asks for at least; it always terminates the string.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
            guard let start = text.baseAddress else { return "error \(code)" }
            ERR_error_string_n(code, start, text.count)
            return String(cString: start)
        }
    }
}
