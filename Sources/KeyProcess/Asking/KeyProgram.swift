import CLinux
import Glibc
public import Support

/// A program that is started as a key process.
public struct KeyProgram {
    /// The socket's descriptor in a process that gets no others.
    private static let onlyDescriptor: Int32 = 3

    private let path: String
    private let words: (_ socket: Int32) -> [String]
    private let environment: [String]

    /// Names a program.
    ///
    /// - Parameters:
    ///   - path: The path of the program.
    ///   - words: Its name and its arguments, given the descriptor of its socket.
    ///   - environment: Its variables, `NAME=value`.
    public init(_ path: String, words: @escaping (_ socket: Int32) -> [String], environment: [String]) {
        self.path = path
        self.words = words
        self.environment = environment
    }

    /// Starts the program, and has it read a file and be confined; whoever gets the socket can only ask it afterwards.
    ///
    /// It gets no descriptor of this process but those of the reading.
    ///
    /// - Returns: The socket, for ``KeyProcess/init(socket:processID:end:)``, which the caller closes; and the process,
    ///   a child of this one.
    public func start(_ reading: KeyReading) throws(SystemError) -> (socket: Int32, processID: Int32) {
        let (socket, process) = try start(inheriting: false)
        do throws(SystemError) {
            for request in reading.requests { try socket.send(request) }
        } catch {
            // It ends with its socket.
            socket.close()
            _ = try? ProcessEnd(of: process)
            throw error
        }
        return (socket.descriptor, process)
    }

    /// Starts the program.
    ///
    /// - Parameter inheriting: Whether it may use the descriptors of this process that programs inherit, such as pipes
    ///   with keys and the terminal.
    func start(inheriting: Bool) throws(SystemError) -> (socket: MessageSocket, processID: pid_t) {
        let (own, other) = try MessageSocket.pair()
        defer { other.close() }
        do throws(SystemError) {
            return (own, try spawn(other.descriptor, inheriting: inheriting))
        } catch {
            own.close()
            throw error
        }
    }

    private func spawn(_ socket: Int32, inheriting: Bool) throws(SystemError) -> pid_t {
        let descriptor = inheriting ? socket : Self.onlyDescriptor
        var arguments = words(descriptor).map { strdup($0) } + [nil]
        var environment = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // A descriptor that is copied to itself stays open in the new program.
        posix_spawn_file_actions_adddup2(&actions, socket, descriptor)
        if !inheriting {
            // Nothing else of this process's: standard error may be a file in memory, for instance.
            for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
                posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
            }
            _ = twiliofs_spawn_close_from(&actions, Self.onlyDescriptor + 1)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The calling thread may block all signals; while a person is asked, they should end the process.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        var flags = POSIX_SPAWN_SETSIGMASK
        if !inheriting {
            // The caller may ignore some, which the program would inherit.
            sigfillset(&signals)
            posix_spawnattr_setsigdefault(&attributes, &signals)
            flags |= POSIX_SPAWN_SETSIGDEF
        }
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var process = pid_t()
        let result = posix_spawn(&process, path, &actions, &attributes, &arguments, &environment)
        guard result == 0 else { throw SystemError("the key process can't be started", result) }
        return process
    }
}
