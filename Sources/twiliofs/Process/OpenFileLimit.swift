import Glibc
import Support

/// The limit of the process's open descriptors.
enum OpenFileLimit {
    /// The least for a mount: each socket, each catalog and each thread of a library needs some, and a library that
    /// gets none ends the process.
    private static let least: rlim_t = 64

    /// Raises the limit, by default a thousand, to the system's maximum; throws ``Failure`` if that is too low.
    static func raise() throws(Failure) {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        var raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
        if setrlimit(resource, &raised) == 0 { limit = raised }
        guard limit.rlim_cur < least else { return }
        throw Failure(
            .configuration,
            "the limit of open files is \(limit.rlim_cur), which is too low: set it to \(least) or more (ulimit -n)")
    }
}
