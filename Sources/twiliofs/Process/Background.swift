import ArgumentParser
import Foundation
import Glibc
import Support

/// Leaving the terminal.
///
/// Swift's runtime threads don't survive fork, so the process that stays is not a fork but this program started again.
/// It does everything itself, in the terminal's foreground: it can ask for passphrases and print what is wrong. When
/// the mount answers it says so through a pipe and leaves the terminal, and the first process returns.
enum Background {
    /// Starts this program again and waits until its mount answers.
    ///
    /// - Parameter secrets: descriptors that the other process needs; it closes them.
    /// - Throws: ``ExitCode`` with the other process's status when it ends before; it has said why.
    static func start(keeping secrets: Set<Int32>) throws {
        var pipe: [Int32] = [0, 0]
        guard Glibc.pipe(&pipe) == 0 else {
            throw Failure(.other, "no pipe can be created: \(SystemErrorCode.current)")
        }
        let (reading, writing) = (pipe[0], pipe[1])
        // Who started this program may ignore it, which is inherited; then there would be no status to wait for.
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
            throw Failure(
                .other, "the serving process is lost: \(SystemErrorCode.current)")
        }
        // The low seven bits are the signal that ended it, the next byte its exit status (wait(2)).
        if status & 0x7F != 0 {
            throw Failure(.other, "the serving process was ended by signal \(status & 0x7F)")
        }
        throw ExitCode(status >> 8 & 0xFF)
    }

    /// Leaves the terminal and tells the process that waits that the mount answers.
    static func detach(telling descriptor: Int32) throws {
        // Not the leader of its process group, having been started by the process that waits: it becomes a session's.
        setsid()
        _ = chdir("/")
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else {
            throw Failure(.other, "/dev/null can't be opened: \(SystemErrorCode.current)")
        }
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] { dup2(null, stream) }
        close(null)
        _ = write(descriptor, [0], 1)
        close(descriptor)
    }

    /// Has the other process get the standard descriptors and these, and no others.
    ///
    /// Whatever else the caller has left open (locks, pipes, sockets) would stay so as long as the mount.
    private static func closeOnExecution(except kept: Set<Int32>) throws(Failure) {
        // Without /proc this program couldn't be started again either.
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") else {
            throw Failure(.other, "/proc/self/fd can't be read: mount /proc")
        }
        for descriptor in names.compactMap({ Int32($0) }) where descriptor > STDERR_FILENO {
            _ = fcntl(descriptor, F_SETFD, kept.contains(descriptor) ? 0 : FD_CLOEXEC)
        }
    }

    private static func spawn(passing descriptor: Int32) throws -> pid_t {
        // Right after `mount`: what follows may end with `--` and the mount point.
        let words =
            CommandLine.arguments.prefix(2) + ["--ready-descriptor", String(descriptor)]
            + CommandLine.arguments.dropFirst(2)
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        // The very program that runs, wherever it is and whatever has become of the file since.
        let result = posix_spawn(&process, "/proc/self/exe", nil, nil, &arguments, environ)
        guard result == 0 else {
            throw Failure(.other, "this program can't be started again: \(SystemErrorCode(rawValue: result))")
        }
        return process
    }
}
