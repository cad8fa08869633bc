import CLinux
import Glibc
import Support

/// Keeps this process's memory from other processes of its user, and from core dumps.
enum ProcessSecrecy {
    /// Begins with that; again after each change of the process's user, which ends it.
    static func begin() throws(Failure) {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0, twiliofs_disable_core_dumps() == 0
        else { throw Failure(.other, "core dumps can't be switched off: \(SystemErrorCode.current)") }
    }
}
