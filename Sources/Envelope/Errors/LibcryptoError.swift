import COpenSSL
import Support

/// The errors in libcrypto's queue for the calling thread.
///
/// The queue is always emptied: the thread's next call, perhaps libcurl's TLS, would report an entry left behind.
struct LibcryptoError: Error, Sendable, CustomStringConvertible {
    /// The packed codes, oldest first.
    private let codes: [UInt]

    /// Empties the thread's queue into an error.
    static func drain() -> LibcryptoError {
        var codes: [UInt] = []
        while case let code = ERR_get_error(), code != 0 { codes.append(code) }
        return LibcryptoError(codes: codes)
    }

    /// Empties the thread's queue into the error of a failed call.
    static func failure(_ call: StaticString) -> EnvelopeError {
        EnvelopeError(
            .cryptoFailure, "libcrypto failed in \(call), which it never should: check the installation of OpenSSL.",
            cause: drain())
    }

    /// Whether an entry has this reason, in any part of libcrypto.
    func contains(reason: Int32) -> Bool { codes.contains { ERR_GET_REASON($0) == reason } }

    /// Whether an entry has this reason in this part of libcrypto.
    func contains(library: Int32, reason: Int32) -> Bool {
        codes.contains { ERR_GET_LIB($0) == library && ERR_GET_REASON($0) == reason }
    }

    var description: String {
        guard !codes.isEmpty else { return "libcrypto gave no reason" }
        return codes.map(Self.text(of:)).joined(separator: "; ")
    }

    private static func text(of code: UInt) -> String {
        // ERR_error_string_n asks for at least 256 bytes and always terminates the string.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
            guard let start = text.baseAddress else { return "error \(code)" }
            ERR_error_string_n(code, start, text.count)
            return String(cString: start)
        }
    }
}
