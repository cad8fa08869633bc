import CLinux
import Credentials
import FileSystem
import Glibc
import KeyProcess
import Support

/// A process that does the little that the confined one can't do any more: it unmounts, it opens the log file and the
/// files with credentials again, and it has key processes read files with private keys again.
///
/// The files with private keys are opened here and in the key processes alone: the mount gets only a socket, on which
/// it can ask a key process that is confined already.
///
/// Before the mount, it finds the state of a mount that is to be replaced: a thread that asks a mount that hangs can't
/// be interrupted, and so not be confined.
///
/// It is the same program, started before the mount is confined or gives up root. It takes the paths from the mount
/// before that, and none afterwards. It holds no secret, talks to nobody else, and ends with the mount.
final class Doorkeeper: Sendable {
    /// The socket's number in the doorkeeper.
    static let descriptor: Int32 = 3

    private struct State {
        var socket: Int32
        var isSealed = false
    }

    private let state: Locked<State>

    /// Starts the process.
    ///
    /// - Parameters:
    ///   - user: The user whom the mount will be, if it gives up root.
    ///   - program: The path of this program.
    init(for user: ServingUser?, program: String = "/proc/self/exe") throws(Failure) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
            throw Failure(.other, "no pair of sockets can be made: \(SystemErrorCode.current)")
        }
        defer { close(ends[1]) }
        do throws(Failure) {
            try Self.spawn(program, ends[1], words: user.map { ["--user", $0.name] } ?? [])
        } catch {
            close(ends[0])
            throw error
        }
        state = Locked(State(socket: ends[0]))
    }

    deinit { close(state.withLock(\.socket)) }

    private static func spawn(_ program: String, _ socket: Int32, words: [String]) throws(Failure) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Nothing of the caller's stays open in it, so that whoever waits for the end of a pipe gets it.
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
        }
        // dup2 to the same number would leave it to be closed.
        let spare = descriptor + 1
        if socket == descriptor { posix_spawn_file_actions_adddup2(&actions, socket, spare) }
        posix_spawn_file_actions_adddup2(&actions, socket == descriptor ? spare : socket, descriptor)
        _ = twiliofs_spawn_close_from(&actions, descriptor + 1)
        var arguments = (["twiliofs", DoorkeeperCommand.name] + words).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var variables = environment.map { strdup($0) } + [nil]
        defer { for variable in variables { free(variable) } }
        var process = pid_t()
        let result = posix_spawn(&process, program, &actions, nil, &arguments, &variables)
        guard result == 0 else {
            throw Failure(.other, "this program can't be started again: \(SystemErrorCode(rawValue: result))")
        }
    }

    /// The variables that it gets, and key processes from it: where fusermount3 and libraries are, and the settings of
    /// libcrypto and of sanitizers.
    private static var environment: [String] {
        let names = [
            "PATH", "LD_LIBRARY_PATH", "OPENSSL_CONF", "OPENSSL_MODULES", "ASAN_OPTIONS", "TSAN_OPTIONS",
            "SWIFT_BACKTRACE",
        ]
        return names.compactMap { (name: String) in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    }

    // MARK: Before the seal

    /// Has it open the log file again later.
    func setLogFile(_ path: String) throws(Failure) { try require(.setLogFile(path)) }
    /// Has it unmount later.
    func setMountPoint(_ path: String) throws(Failure) { try require(.setMountPoint(path)) }

    /// Has it start key processes for a file later.
    func expectKeyFile(_ reading: KeyReading) { _ = ask(.addKeyFile(reading)) }

    /// Has it take no more paths; from now on it opens the secret files.
    func seal() throws(Failure) {
        try require(.seal)
        state.withLock { $0.isSealed = true }
    }

    /// Has it find the state of the mount at a path.
    func mountState(of path: String) -> MountState { ask(.findMountState(path)).answer.mountState }

    private func require(_ request: DoorMessage.Request) throws(Failure) {
        let answer = ask(request).answer
        guard answer == .done else { throw Failure(.other, "the doorkeeper process refuses or has ended: \(answer)") }
    }

    // MARK: Any time

    /// Opens a file with a secret.
    ///
    /// Before the seal, this process opens it, and the doorkeeper may do so later. A pipe is opened here at any time.
    ///
    /// - Returns: A descriptor, which the caller closes, or -1 with `errno`.
    func openSecret(_ path: String, flags: Int32) -> Int32 {
        let path = CacheFolder.absolute(path)
        guard state.withLock(\.isSealed) else {
            _ = ask(.addSecret(path))
            return open(path, flags)
        }
        let (answer, descriptor) = ask(.openSecret(path))
        if let descriptor { return descriptor }
        errno = if case .failed(let number) = answer { number } else { EIO }
        return -1
    }

    /// Starts a key process that reads a file which was expected.
    func startKeyProcess(_ reading: KeyReading) throws(SystemError) -> KeyProcess {
        let (answer, socket) = ask(.startKeyProcess(reading))
        if case .started(let process) = answer, let socket {
            return KeyProcess(socket: socket, processID: process) { [self] in
                if case .ended(let end) = ask(.findEnd(processID: process)).answer { end } else { nil }
            }
        }
        let number = if case .failed(let number) = answer { number } else { EPROTO }
        throw SystemError("the doorkeeper process can't start a key process", number)
    }

    /// The stamp of a file with secrets or private keys; nil if there is none.
    func stamp(of path: String) -> FileStamp? {
        if case .stamp(let stamp) = ask(.findStamp(CacheFolder.absolute(path))).answer { stamp } else { nil }
    }

    /// Opens the log file again.
    func openLogFile() throws(Failure) -> Int32 {
        let (answer, descriptor) = ask(.openLogFile)
        if let descriptor { return descriptor }
        if case .refused(let status, let sentence) = answer {
            throw Failure(FailureStatus(rawValue: Int32(status)) ?? .other, sentence)
        }
        throw Failure(.other, "the log file can't be opened again: the doorkeeper process has ended")
    }

    /// Unmounts; if the process has ended, tries it without.
    func unmount(_ path: String) throws(FileSystemError) {
        switch ask(.unmount).answer {
        case .done: return
        case .refused(let kind, let sentence):
            throw FileSystemError(FileSystemErrorCode(doorKind: kind), sentence)
        default: try Unmounting.unmount(path, isLazy: true)
        }
    }

    private func ask(_ request: DoorMessage.Request) -> (answer: DoorMessage.Answer, descriptor: Int32?) {
        let bytes = request.bytes
        // One question at a time: the answer is the next packet.
        return state.withLock { state in
            guard twiliofs_send_message(state.socket, bytes, bytes.count, -1) != 0 else { return (.failed(EPIPE), nil) }
            guard let (bytes, descriptor) = DoorSocket.receive(state.socket) else { return (.failed(EPIPE), nil) }
            let answer = DoorMessage.Answer(bytes)
            guard let descriptor else { return (answer ?? .failed(EPROTO), nil) }
            switch answer {
            case .done, .started: return (answer ?? .done, descriptor)
            default:
                close(descriptor)
                return (.failed(EPROTO), nil)
            }
        }
    }
}

/// The socket between a mount and its doorkeeper.
enum DoorSocket {
    /// Receives a packet with its descriptor, if any; nil at the end and for a packet that is too long.
    static func receive(_ socket: Int32) -> (bytes: [UInt8], descriptor: Int32?)? {
        var bytes = [UInt8](repeating: 0, count: DoorMessage.limit)
        var descriptor: Int32 = -1
        let count = twiliofs_receive_message(socket, &bytes, bytes.count, &descriptor)
        guard count > 0 else { return nil }
        return (Array(bytes[..<count]), descriptor >= 0 ? descriptor : nil)
    }
}

extension FileSystemErrorCode {
    /// A number for the doorkeeper's answer.
    var doorKind: UInt8 {
        switch self {
        case .mountPoint: 0
        case .unavailable: 1
        case .option: 2
        case .refused: 3
        }
    }

    /// The code of a doorkeeper's answer.
    init(doorKind: UInt8) {
        self =
            switch doorKind {
            case 0: .mountPoint
            case 1: .unavailable
            case 2: .option
            default: .refused
            }
    }
}
