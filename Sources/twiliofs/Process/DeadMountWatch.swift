import ArgumentParser
import CLinux
import FileSystem
import Glibc
import Support

/// Starts the process that removes the mount when the serving process has died (`-o auto_unmount`).
///
/// libfuse's own isn't used: its fusermount3 unmounts by the path alone, and so would take away the mount that has
/// replaced the one that it watches.
enum DeadMountWatch {
    /// Starts it; it waits for the end of this process, and knows no secret.
    ///
    /// It gets the users of the calling thread: for root's rights, the real one has to be root, too.
    static func start(_ mount: MountIdentity?) throws(Failure) {
        guard let mount else { throw Failure(.other, "/proc/self/mountinfo can't be read: mount /proc") }
        var pipe: [Int32] = [0, 0]
        guard Glibc.pipe(&pipe) == 0 else {
            throw Failure(.other, "no pipe can be created: \(SystemErrorCode.current)")
        }
        // The other end stays open, and is closed by the kernel when this process ends, however that happens.
        let (reading, writing) = (pipe[0], pipe[1])
        defer { close(reading) }
        _ = fcntl(writing, F_SETFD, FD_CLOEXEC)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, reading, STDIN_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        _ = twiliofs_spawn_close_from(&actions, STDERR_FILENO + 1)
        _ = twiliofs_spawn_change_directory(&actions, "/")
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETSID, GNU's: a signal to the group of a terminal's processes doesn't reach it.
        posix_spawnattr_setflags(&attributes, 0x80)
        let words = ["twiliofs", WatchCommand.name, "--device", mount.device, "--", mount.path]
        var arguments = words.map { strdup($0) } + [nil]
        var variables = getenv("PATH").map { [strdup("PATH=" + String(cString: $0)), nil] } ?? [nil]
        defer { for text in arguments + variables { free(text) } }
        var process = pid_t()
        let result = posix_spawn(&process, "/proc/self/exe", &actions, &attributes, &arguments, &variables)
        guard result == 0 else {
            close(writing)
            throw Failure(
                .other, "the process for auto_unmount can't be started: \(SystemErrorCode(rawValue: result))")
        }
    }
}

/// The command of the process that ``DeadMountWatch`` starts.
struct WatchCommand: ParsableCommand {
    static let name = "watch-mount"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Remove a mount when its process has died.", shouldDisplay: false)

    @Option var device: String
    @Argument var mountPoint: String

    func run() throws {
        // A service manager ends all processes of a service when one has died.
        for number in [SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE] { signal(number, SIG_IGN) }
        var byte: UInt8 = 0
        while uninterrupted({ read(STDIN_FILENO, &byte, 1) }) > 0 {}
        try Unmounting.removeDead(MountIdentity(path: mountPoint, device: device))
    }
}
