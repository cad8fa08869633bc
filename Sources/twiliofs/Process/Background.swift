import ArgumentParser
import Foundation
import Glibc
import Support

/// The start of a background process.
///
/// Swift's runtime threads don't survive fork, so the program starts itself again. The new process mounts in the
/// terminal's foreground, where it can ask for passphrases and print errors. When the mount answers, it reports through
/// a pipe and leaves the terminal, and the first process returns.
enum Background {
    /// Starts this program again and waits until its mount answers.
    ///
    /// - Parameter secrets: Descriptors that the other process needs and closes.
    /// - Throws: ``ExitCode`` with the other process's status if it ends before; it has printed the reason.
    static func start(keeping secrets: Set<Int32>) throws {
        var pipe: [Int32] = [0, 0]
        guard Glibc.pipe(&pipe) == 0 else {
            throw Failure(.other, "no pipe can be created: \(SystemErrorCode.current)")
        }
        let (reading, writing) = (pipe[0], pipe[1])
        // An ignored SIGCHLD, inherited from the parent, would leave no status to wait for.
        signal(SIGCHLD, SIG_DFL)
        try closeOnExecution(except: secrets.union([writing]))
        let process = try spawn(passing: writing)
        close(writing)
        var byte: UInt8 = 0
        let count = uninterrupted { read(reading, &byte, 1) }
        close(reading)
        guard count != 1 else { return }

        var status: Int32 = 0
        guard uninterrupted({ waitpid(process, &status, 0) }) == process else {
            throw Failure(.other, "the serving process is lost: \(SystemErrorCode.current)")
        }
        // The low seven bits are the fatal signal, the next byte is the exit status (wait(2)).
        if status & 0x7F != 0 { throw Failure(.other, "the serving process was ended by signal \(status & 0x7F)") }
        throw ExitCode(status >> 8 & 0xFF)
    }

    /// Leaves the terminal and reports to the waiting process that the mount answers.
    static func detach(telling descriptor: Int32) throws {
        // This process, started by the waiting one, leads no process group and so can lead a session.
        setsid()
        _ = chdir("/")
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw Failure(.other, "/dev/null can't be opened: \(SystemErrorCode.current)") }
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] { dup2(null, stream) }
        close(null)
        _ = write(descriptor, [0], 1)
        close(descriptor)
    }

    /// Passes only the standard descriptors and these to the other process.
    ///
    /// Others of the caller (locks, pipes, sockets) would stay open as long as the mount.
    private static func closeOnExecution(except kept: Set<Int32>) throws(Failure) {
        // The start of the program needs /proc too.
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else {
            throw Failure(.other, "/proc/self/fd can't be read: mount /proc")
        }
        for descriptor in names.compactMap({ Int32($0) }) where descriptor > STDERR_FILENO {
            _ = fcntl(descriptor, F_SETFD, kept.contains(descriptor) ? 0 : FD_CLOEXEC)
        }
    }

    private static func spawn(passing descriptor: Int32) throws -> pid_t {
        // Right after `mount`: the rest may end with `--` and the mount point.
        let words =
            CommandLine.arguments.prefix(2) + ["--ready-descriptor", String(descriptor)]
            + CommandLine.arguments.dropFirst(2)
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        // The running program, even if its file has moved or changed.
        let result = posix_spawn(&process, "/proc/self/exe", nil, nil, &arguments, environ)
        guard result == 0 else {
            throw Failure(.other, "this program can't be started again: \(SystemErrorCode(rawValue: result))")
        }
        return process
    }
}
