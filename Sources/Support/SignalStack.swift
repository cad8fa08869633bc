import Glibc

/// The stack on which a crash's signal is handled: that of the thread may be used up.
public enum SignalStack {
    /// Its size in bytes; only pages that are used take memory.
    ///
    /// The kernel saves the processor's registers there, some kibibytes, and the handler needs a few more.
    private static let size = 64 << 10

    /// Gives the calling thread a stack for signals, which stays until the thread ends.
    ///
    /// Without memory for it there is none; then a crash for want of stack is not reported.
    ///
    /// - Returns: The stack, for ``remove(_:)``.
    @discardableResult
    public static func installOnCurrentThread() -> UnsafeMutableRawPointer? {
        let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != MAP_FAILED else { return nil }
        var stack = stack_t(ss_sp: memory, ss_flags: 0, ss_size: size)
        guard sigaltstack(&stack, nil) == 0 else {
            munmap(memory, size)
            return nil
        }
        return memory
    }

    /// Takes the calling thread's stack for signals away.
    static func remove(_ memory: UnsafeMutableRawPointer?) {
        guard let memory else { return }
        var none = stack_t(ss_sp: nil, ss_flags: Int32(SS_DISABLE), ss_size: 0)
        if sigaltstack(&none, nil) == 0 { munmap(memory, size) }
    }
}
