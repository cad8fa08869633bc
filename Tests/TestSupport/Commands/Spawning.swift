import CLinux
import Glibc

/// Starting processes.
///
/// Foundation's `Process` leaves the signals of the thread that starts it blocked, those of Swift's pool block all; a
/// program that is to be ended by SIGINT needs a clean start. On Linux it also reads beyond the end of the list of open
/// descriptors (its `findMaximumOpenFD` copies whole `dirent` structures), which ends the process by SIGSEGV when some
/// 1,350 are open. `make lint` refuses it.
enum Spawning {
    /// POSIX_SPAWN_SETSID, which is GNU's and so not imported.
    private static let setSession: Int32 = 0x80

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - words: the program, which is looked for in PATH, and its arguments.
    ///   - folder: the working directory.
    ///   - input: the descriptor that is its standard input; nil for nothing to read.
    ///   - output: the path of a file for its standard output; nil for nowhere.
    ///   - errorOutput: the path of a file for its standard error; nil for nowhere.
    ///   - startsSession: whether it is out of reach of the terminal's and the group's signals.
    /// - Returns: its process ID, and that of a process group of its own.
    static func spawn(
        _ words: [String], environment: [String: String], folder: String, input: Int32?, output: String?,
        errorOutput: String?, startsSession: Bool = false
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output ?? "/dev/null", flags, 0o644)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errorOutput ?? "/dev/null", flags, 0o644)
        // Whatever else is open belongs to other tests: a pipe that lives on in a daemon would never come to its end.
        twiliofs_spawn_close_from(&actions, 3)
        // Last: the paths of the files may be relative to our own folder.
        twiliofs_spawn_change_directory(&actions, folder)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let group = startsSession ? setSession : Int32(POSIX_SPAWN_SETPGROUP)
        posix_spawnattr_setflags(
            &attributes, Int16(group | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)))

        var arguments = words.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var process = pid_t()
        let result = posix_spawnp(&process, words[0], &actions, &attributes, &arguments, &variables)
        guard result == 0 else {
            throw CommandError("\(words[0]) can't be started: \(String(cString: strerror(result)))")
        }
        return process
    }
}
