import CLinux
import Glibc
import Support

/// The signals of a broken process, and its last words.
///
/// The C header `crash.h` keeps its variables per file that calls it, so no other file may.
enum CrashSignals {
    /// The signals of faults, of `abort` and of Swift's traps.
    static let all: [Int32] = [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]

    /// Makes each of them end the process at once; no other threads may run yet.
    ///
    /// Once, before `main`, Swift's runtime installs handlers if it finds `swift-backtrace`. They would stop threads
    /// with SIGUSR2. All threads block it, and the thread `signals` takes it for the user's, so the mount would hang
    /// for half a minute. The handlers would also print registers and memory, which may hold keys.
    static func restoreDefaults() {
        for number in all { signal(number, SIG_DFL) }
        // The runtime handles SIGQUIT too. If it is ignored, the parent process wants that.
        if isIgnored(signal(SIGQUIT, SIG_DFL)) { signal(SIGQUIT, SIG_IGN) }
        // The parent process may have blocked them.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in all { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// Has each of them write a line to the log before it ends the process.
    ///
    /// The line names the signal, the thread, the version and the places in the code, by which a developer finds the
    /// fault; see `crash.h` for what may run then.
    static func report(to destination: LogOutput.Destination, as format: LogFormat, version: String) {
        for code in Code.loaded() { twiliofs_crash_add_code(code.start, code.end, code.base, code.name) }
        SignalStack.installOnCurrentThread()
        let (descriptor, isElsewhere, isSystemLog): (Int32, Int32, Int32) =
            switch destination {
            // A copy: while libfuse mounts, standard error is a pipe for its messages.
            case .standardError: (fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), 0, 0)
            case .systemLog: (-1, 1, 1)
            case .file(let file): (file.descriptor, 1, 0)
            }
        for number in all {
            twiliofs_report_crash(
                number, descriptor, isElsewhere, isSystemLog, format == .json ? 1 : 0, version)
        }
    }

    /// Has the last words include what Swift's runtime and libraries write to standard error from now on.
    ///
    /// For a process without a terminal: the reason of a failed check of the program, for instance, is written there.
    ///
    /// - Returns: The new standard error: a file in memory, nil if the system has none.
    static func keepStandardError() -> Int32? {
        let file = twiliofs_memory_file("standard error")
        guard file >= 0 else { return nil }
        twiliofs_crash_take_words(file)
        return file
    }

    /// Keeps the file of ``keepStandardError()`` small.
    static func trimStandardError() { twiliofs_crash_trim_words() }

    /// Whether a reaction is `SIG_IGN`, the address 1; Swift can't compare functions.
    static func isIgnored(_ reaction: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafeBitCast(reaction, to: UInt.self) == 1
    }

    /// The name of a signal as in `kill -l`, with its description, for the report of a process's end.
    static func description(of number: Int32) -> String {
        let names = [
            SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGILL: "SIGILL", SIGSEGV: "SIGSEGV",
            SIGTRAP: "SIGTRAP", SIGKILL: "SIGKILL",
        ]
        return names[number] ?? "signal \(number)"
    }
}

/// A part of the process's memory that holds code.
struct Code: Equatable {
    let start: UInt
    let end: UInt
    /// The address at which the file begins.
    let base: UInt
    /// The file's name without its folder.
    let name: String

    /// The parts that are loaded now.
    static func loaded() -> [Code] { KernelFile.text(of: "/proc/self/maps").map(parts) ?? [] }

    /// Reads the kernel's table (proc_pid_maps(5)).
    static func parts(in table: String) -> [Code] {
        var bases: [Substring: UInt] = [:]
        var parts: [Code] = []
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 4)
            guard let slash = line.firstIndex(of: "/"), fields.count == 5 else { continue }
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2 else { continue }
            let file = line[slash...]
            // The first part of a file is that of its beginning.
            let base = bases[file] ?? ends[0]
            bases[file] = base
            guard fields[1].dropFirst(2).hasPrefix("x") else { continue }
            let name = file.split(separator: "/").last.map { $0.prefix { $0 != " " } } ?? ""
            parts.append(Code(start: ends[0], end: ends[1], base: base, name: String(name)))
        }
        return parts
    }
}
