import CLinux
import Glibc
import Support

/// What the key process has given up, and how far the system let it.
public struct KeyConfinement: Hashable, Sendable {
    /// Whether all of its memory is locked; if not, only the private keys themselves are, if that was possible.
    public let isMemoryLocked: Bool
    /// Whether a filter ends the process at every system call that it doesn't need.
    public let isFiltered: Bool

    init(isMemoryLocked: Bool, isFiltered: Bool) {
        self.isMemoryLocked = isMemoryLocked
        self.isFiltered = isFiltered
    }

    /// What needs no keys and no threads: before any file is read.
    static func begin() throws(SystemError) {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0, twiliofs_disable_core_dumps() == 0
        else { throw SystemError("core dumps can't be switched off") }
        guard twiliofs_forbid_new_privileges() == 0 else { throw SystemError("new privileges can't be refused") }
        // Address space that other arenas would reserve can't be locked within the usual limit.
        _ = twiliofs_use_one_arena()
    }

    /// Gives up everything but a socket, memory and the threads that run.
    ///
    /// No other thread may do anything meanwhile, and none can be started later.
    static func complete(keeping socket: Int32) -> KeyConfinement {
        // Away from the terminal and its signals. It fails only in the leader of a group, which no started process is.
        setsid()
        _ = chdir("/")
        ignoreSignals()
        let isMemoryLocked = lockMemory()
        let filter = SystemCallFilter(socket: socket)
        closeDescriptors(but: socket)
        return KeyConfinement(isMemoryLocked: isMemoryLocked, isFiltered: filter?.load() ?? false)
    }

    /// Has no signal do anything, except those of a broken process and SIGKILL: the process ends with its socket.
    ///
    /// A service manager ends all processes of a service at the same time, but the mount may still need this one.
    private static func ignoreSignals() {
        let meaningful: Set<Int32> = [
            SIGKILL, SIGSTOP, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP, SIGSYS, SIGCHLD, SIGCONT,
        ]
        // The C library reserves 32 and 33.
        for number in Int32(1)...64 where !meaningful.contains(number) && number != 32 && number != 33 {
            signal(number, SIG_IGN)
        }
    }

    private static func closeDescriptors(but socket: Int32) {
        let (below, above) = (UInt32(clamping: socket - 1), UInt32(clamping: socket + 1))
        if twiliofs_close_range(0, below) == 0, twiliofs_close_range(above, .max) == 0 { return }
        // Kernels before 5.9.
        for descriptor in 0..<Int32(65536) where descriptor != socket { close(descriptor) }
    }

    /// Locks all memory, what is mapped later included, as far as the limit `memlock` allows.
    ///
    /// What comes from the program's file and its libraries, most of the memory by far, holds no secrets. So where the
    /// limit is too low for all, heap and stacks are locked.
    private static func lockMemory() -> Bool {
        if twiliofs_lock_all_memory(1) == 0 { return true }
        let places = writableMemory()
        var limit = rlimit()
        guard !places.isEmpty, getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0,
            places.map(\.count).sumSaturated().addingSaturated(reserve) <= Int(clamping: limit.rlim_cur)
        else { return false }
        for place in places
        where twiliofs_lock_memory(UnsafeRawPointer(bitPattern: UInt(place.lowerBound)), place.count) != 0 {
            return false
        }
        return twiliofs_lock_all_memory(0) == 0
    }

    /// What may be mapped later within the limit, in bytes: without it, an allocation could fail.
    private static let reserve = 1 << 20

    /// The addresses of the private memory that can be written and is no file's, the secure heap included.
    private static func writableMemory() -> [Range<Int>] {
        let lines = (KernelFile.text(of: "/proc/self/maps") ?? "").split(separator: "\n")
        return lines.compactMap { line in
            // 7f0c…-7f0d… rw-p 00000000 00:00 0 [heap]
            let words = line.split(separator: " ")
            guard words.count >= 5, words[1].hasPrefix("rw"), words[1].hasSuffix("p"), words[4] == "0" else {
                return nil
            }
            let ends = words[0].split(separator: "-").compactMap { Int($0, radix: 16) }
            guard ends.count == 2, ends[0] < ends[1] else { return nil }
            return ends[0]..<ends[1]
        }
    }
}
