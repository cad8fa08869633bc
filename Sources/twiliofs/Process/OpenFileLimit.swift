import Glibc
import Support

/// How many descriptors the process may have open at once.
enum OpenFileLimit {
    /// With fewer, nothing can be mounted: sockets, catalogs and threads of the system's libraries need some each, and
    /// a library ends the process when it gets none.
    static let least: UInt64 = 64

    /// Allows as many as the system does: by default there are a thousand, and each catalog takes some.
    ///
    /// - Returns: the number.
    static func raise() -> UInt64 {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return least }
        let before = UInt64(limit.rlim_cur)
        limit.rlim_cur = limit.rlim_max
        return setrlimit(resource, &limit) == 0 ? UInt64(limit.rlim_cur) : before
    }

    /// Raises the limit, and says why nothing can be done where that isn't enough; nil where it is.
    static func raiseOrRefuse() -> Failure? {
        let limit = raise()
        guard limit < least else { return nil }
        return Failure(
            .configuration,
            "the limit of open files is \(limit), which is too low: set it to \(least) or more (ulimit -n)")
    }
}
