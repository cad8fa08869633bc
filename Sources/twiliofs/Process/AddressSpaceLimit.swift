import Glibc
import Support

/// How much address space the process may have (`ulimit -v`).
enum AddressSpaceLimit {
    /// Gibibytes with which it is never used up: each thread reserves some for its stack and its memory, and libraries
    /// end the process, or wait for ever, when they get none.
    private static let least: UInt64 = 4

    /// - Throws: ``Failure`` when there is too little.
    static func check() throws(Failure) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0,
            limit.rlim_cur < least << 30
        else { return }
        throw Failure(
            .configuration,
            "the limit of address space is \(limit.rlim_cur >> 20) MiB, which is too low: set it to \(least) GiB or more"
                + " (ulimit -v)")
    }
}
