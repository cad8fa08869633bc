import CSeccomp
import Glibc
import Support

/// The system calls that the confined key process may make; any other one ends it (seccomp(2)).
struct SystemCallFilter: ~Copyable {
    /// Those that need no conditions.
    private static let allowed = [
        // Locks and waiting; Swift's own locks have the thread's number in them.
        "futex", "sched_yield", "restart_syscall", "gettid",
        // Memory; pages that were mapped without may not become executable.
        "munmap", "madvise", "brk", "mremap",
        // OpenSSL: blinding needs random numbers, which are made anew in a process that was forked.
        "getrandom", "getpid",
        // Where the kernel's shared page can't tell the time.
        "clock_gettime", "gettimeofday", "time",
        "rt_sigreturn", "rt_sigprocmask", "exit", "exit_group",
    ]
    /// Those on the socket alone, whose descriptor is their first argument.
    private static let onSocket = ["read", "recvfrom", "write", "sendto"]
    /// Those whose third argument may not make memory executable.
    private static let mapping = ["mmap", "mprotect"]

    private let context: scmp_filter_ctx

    /// Prepares the filter; nil if libseccomp can't.
    init?(socket: Int32) {
        guard let context = seccomp_init(UInt32(SCMP_ACT_KILL_PROCESS)) else { return nil }
        let descriptor = scmp_arg_cmp(arg: 0, op: SCMP_CMP_EQ, datum_a: UInt64(UInt32(bitPattern: socket)), datum_b: 0)
        let protection = scmp_arg_cmp(arg: 2, op: SCMP_CMP_MASKED_EQ, datum_a: UInt64(PROT_EXEC), datum_b: 0)
        let isComplete =
            seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1) == 0
            && seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, UInt32(SCMP_ACT_KILL_PROCESS)) == 0
            && Self.allowed.allSatisfy { Self.allow($0, if: nil, in: context) }
            && Self.onSocket.allSatisfy { Self.allow($0, if: descriptor, in: context) }
            && Self.mapping.allSatisfy { Self.allow($0, if: protection, in: context) }
        guard isComplete else {
            seccomp_release(context)
            return nil
        }
        self.context = context
    }

    deinit { seccomp_release(context) }

    /// Has the kernel apply it to all threads; returns whether it does.
    ///
    /// The sanitizers' own threads need other calls, so a program that was built with one isn't filtered.
    func load() -> Bool { !Sanitizer.isPresent && seccomp_load(context) == 0 }

    private static func allow(_ name: String, if comparison: scmp_arg_cmp?, in context: scmp_filter_ctx) -> Bool {
        let number = seccomp_syscall_resolve_name(name)
        // One that this architecture doesn't have.
        guard number >= 0 else { return true }
        guard let comparison else {
            return seccomp_rule_add_array(context, UInt32(SCMP_ACT_ALLOW), number, 0, nil) == 0
        }
        return withUnsafePointer(to: comparison) {
            seccomp_rule_add_array(context, UInt32(SCMP_ACT_ALLOW), number, 1, $0) == 0
        }
    }
}
