import Glibc
import Support

/// The program that sent a request, for the log.
struct AskingProgram: Sendable {
    /// Its process; the thread's number if the thread has ended, 0 if it lives in another namespace.
    let processID: pid_t
    /// Its name; nil if it has ended or lives in another namespace.
    let name: ForeignText?

    /// Finds the program of the waiting thread, which the kernel reports.
    init(threadID: pid_t) {
        let process = Self.process(of: threadID)
        processID = process ?? threadID
        name = Self.name(of: processID)
    }

    /// The process of a thread; nil if it has ended or lives in another namespace.
    private static func process(of threadID: pid_t) -> pid_t? {
        guard threadID > 0, let status = KernelFile.bytes(of: "/proc/\(threadID)/status", limit: 1024)
        else { return nil }
        // A line break in the name, which comes first, is escaped as two characters (proc_pid_status(5)).
        let line = status.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "Tgid:\t".utf8) }
        return line.flatMap { pid_t(String(decoding: $0.dropFirst("Tgid:\t".utf8.count), as: UTF8.self)) }
            .flatMap { $0 > 0 ? $0 : nil }
    }

    /// The name of a process, at most 15 bytes that the program chooses; nil if it has ended (proc_pid_comm(5)).
    private static func name(of processID: pid_t) -> ForeignText? {
        guard processID > 0, let bytes = KernelFile.bytes(of: "/proc/\(processID)/comm", limit: 64)
        else { return nil }
        return ForeignText(utf8: bytes.prefix { $0 != UInt8(ascii: "\n") })
    }
}
