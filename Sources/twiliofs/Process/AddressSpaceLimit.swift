import Glibc
import Support

/// The limit of the process's address space (`ulimit -v`).
enum AddressSpaceLimit {
    /// The required gibibytes: threads reserve stacks and memory, and without space libraries crash or wait forever.
    private static let least: UInt64 = 4

    /// Throws ``Failure`` if the limit is too low.
    static func check() throws(Failure) {
        var limit = rlimit()
        let result = getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        guard result == 0, limit.rlim_cur < least << 30 else { return }
        throw Failure(
            .configuration,
            "the limit of address space is \(limit.rlim_cur >> 20) MiB, which is too low: set it to \(least) GiB or more"
                + " (ulimit -v)")
    }
}
