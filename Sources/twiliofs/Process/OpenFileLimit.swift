import Glibc
import Support

/// The limit of the process's open descriptors.
enum OpenFileLimit {
    /// The least for a mount: sockets, catalogs and libraries' threads need some each, and a library without one ends
    /// the process.
    static let least: UInt64 = 64

    /// Raises the limit, by default a thousand, to the system's maximum, and returns it; each catalog takes some.
    static func raise() -> UInt64 {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return least }
        let before = UInt64(limit.rlim_cur)
        limit.rlim_cur = limit.rlim_max
        return setrlimit(resource, &limit) == 0 ? UInt64(limit.rlim_cur) : before
    }

    /// Raises the limit, and returns a failure if it is still too low.
    static func raiseOrRefuse() -> Failure? {
        let limit = raise()
        guard limit < least else { return nil }
        return Failure(
            .configuration,
            "the limit of open files is \(limit), which is too low: set it to \(least) or more (ulimit -n)")
    }
}
