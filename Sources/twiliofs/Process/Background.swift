import ArgumentParser
import Foundation
import Glibc
import Support

/// Starts the background process that serves a mount.
///
/// The threads of Swift's runtime don't survive fork, so the program starts itself again. The new process mounts while
/// it still has the terminal, where it can ask for passphrases and print errors. When the mount answers, this process
/// leaves the terminal and reports through a pipe. Then the first process returns.
enum Background {
    /// Starts this program again and waits until its mount answers.
    ///
    /// - Parameter secrets: The descriptors of secrets, which the new process reads and closes.
    /// - Throws: ``ExitCode`` with the exit status of the new process, if it prints a reason and ends before its mount
    ///   answers; ``Failure`` if it can't be started or a signal ends it.
    static func start(keeping secrets: Set<Int32>) throws {
        var pipe: [Int32] = [0, 0]
        guard Glibc.pipe(&pipe) == 0 else {
            throw Failure(.other, "no pipe can be created: \(SystemErrorCode.current)")
        }
        let (reading, writing) = (pipe[0], pipe[1])
        // This process may have inherited an ignored SIGCHLD, with which waitpid would return no status.
        signal(SIGCHLD, SIG_DFL)
        try closeOnExecution(except: secrets.union([writing]))
        let process = try spawn(passing: writing)
        close(writing)
        var byte: UInt8 = 0
        let count = uninterrupted { read(reading, &byte, 1) }
        close(reading)
        guard count != 1 else { return }

        let end: ProcessEnd
        do throws(SystemError) {
            end = try ProcessEnd(of: process)
        } catch {
            throw Failure(.other, "the serving process is lost: \(error.code)")
        }
        switch end {
        case .exited(let status): throw ExitCode(status)
        case .killed(let signal): throw failure(of: signal)
        }
    }

    /// The failure of a serving process that a signal has ended before its mount answered.
    static func failure(of signal: Int32) -> Failure {
        let name = CrashSignals.description(of: signal)
        if CrashSignals.all.contains(signal) {
            return Failure(
                .crash,
                "the serving process has crashed (\(name)), which is a fault of twiliofs or of a library; its log"
                    + " has the place: please report it")
        }
        let reason = signal == SIGKILL ? ": somebody ended it, or the system had no memory left" : ""
        return Failure(.other, "the serving process was ended by \(name)\(reason)")
    }

    /// Leaves the terminal, then reports to the waiting process that the mount answers.
    static func detach(telling descriptor: Int32) throws {
        // setsid fails only in the leader of a process group; this process inherited its group.
        setsid()
        _ = chdir("/")
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw Failure(.other, "/dev/null can't be opened: \(SystemErrorCode.current)") }
        for stream in [STDIN_FILENO, STDOUT_FILENO] { dup2(null, stream) }
        dup2(CrashSignals.keepStandardError() ?? null, STDERR_FILENO)
        close(null)
        _ = write(descriptor, [0], 1)
        close(descriptor)
    }

    /// Sets all descriptors but the standard ones and those in `kept` to be closed in the new process.
    ///
    /// Otherwise the caller's locks, pipes and sockets would stay open until the mount ends.
    private static func closeOnExecution(except kept: Set<Int32>) throws(Failure) {
        // `spawn` needs /proc too.
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else {
            throw Failure(.other, "/proc/self/fd can't be read: mount /proc")
        }
        for descriptor in names.compactMap({ Int32($0) }) where descriptor > STDERR_FILENO {
            _ = fcntl(descriptor, F_SETFD, kept.contains(descriptor) ? 0 : FD_CLOEXEC)
        }
    }

    private static func spawn(passing descriptor: Int32) throws -> pid_t {
        // The option follows `mount` directly: at the end, it could come after `--` and be taken for an argument.
        let words =
            CommandLine.arguments.prefix(2) + ["--ready-descriptor", String(descriptor)]
            + CommandLine.arguments.dropFirst(2)
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        // This starts the running program even if its file was moved or replaced.
        let result = posix_spawn(&process, "/proc/self/exe", nil, nil, &arguments, environ)
        guard result == 0 else {
            throw Failure(.other, "this program can't be started again: \(SystemErrorCode(rawValue: result))")
        }
        return process
    }
}
