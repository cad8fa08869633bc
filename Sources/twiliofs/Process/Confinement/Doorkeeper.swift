import CLinux
import Credentials
import FileSystem
import Glibc
import KeyProcess
import Support

/// Two processes that do the little that the confined one can't do any more: one unmounts; the other opens the log file
/// and the files with credentials again, and has key processes read files with private keys again (``DoorDuty``).
///
/// They are two since a file may be on a disk that never answers: unmounting doesn't wait for it.
///
/// The files with private keys are opened here and in the key processes alone: the mount gets only a socket, on which
/// it can ask a key process that is confined already.
///
/// Before the mount, it finds the state of a mount that is to be replaced: a thread that asks a mount that hangs can't
/// be interrupted, and so not be confined.
///
/// They are the same program, started before the mount is confined or gives up root. They take the paths from the mount
/// before that, and none afterwards. They hold no secret, talk to nobody else, and end with the mount.
final class Doorkeeper: Sendable {
    /// The name of the command that is a doorkeeper.
    static let commandName = "doorkeeper"
    /// The socket's number in the doorkeeper.
    static let descriptor: Int32 = 3

    /// The longest wait for an answer.
    static let patience = Duration.seconds(30)
    /// The longest wait for the end of a key process, for which others wait.
    private static let patienceForEnd = Duration.seconds(20)

    private let files: DoorLine
    private let mounts: DoorLine
    private let patience: Duration
    private let isSealed = Locked(false)

    /// Starts the processes.
    ///
    /// - Parameters:
    ///   - user: The user whom the mount will be, if it gives up root.
    ///   - program: The path of this program.
    ///   - patience: The longest wait for an answer.
    init(
        for user: ServingUser?, program: String = "/proc/self/exe", patience: Duration = Doorkeeper.patience
    ) throws(Failure) {
        self.patience = patience
        files = try Self.start(.files, user, program)
        mounts = try Self.start(.mounts, user, program)
    }

    /// The processes, which are children of this one.
    var processIDs: [Int32] { [files, mounts].compactMap(\.processID) }

    /// Starts the process of a duty.
    private static func start(
        _ duty: DoorDuty, _ user: ServingUser?, _ program: String
    ) throws(Failure) -> DoorLine {
        let (own, other) = try DoorSocket.pair()
        defer { close(other) }
        let words = ["--duty", duty.rawValue] + (user.map { ["--user", $0.name] } ?? [])
        do throws(Failure) {
            return DoorLine(socket: own, processID: try spawn(program, other, words: words))
        } catch {
            close(own)
            throw error
        }
    }

    private static func spawn(_ program: String, _ socket: Int32, words: [String]) throws(Failure) -> pid_t {
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
        var arguments = (["twiliofs", commandName] + words).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var variables = environment.map { strdup($0) } + [nil]
        defer { for variable in variables { free(variable) } }
        var process = pid_t()
        let result = posix_spawn(&process, program, &actions, nil, &arguments, &variables)
        guard result == 0 else {
            throw Failure(.other, "this program can't be started again: \(SystemErrorCode(rawValue: result))")
        }
        return process
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
    /// Has it unmount a mount later, and no other.
    func setMount(_ mount: MountIdentity) throws(Failure) { try require(.setMount(mount)) }

    /// Has it start key processes for a file later.
    func expectKeyFile(_ reading: KeyReading) { _ = ask(.addKeyFile(reading)) }

    /// Has both take no more paths; from now on they open the secret files.
    func seal() throws(Failure) {
        for line in [files, mounts] { try require(.seal, of: line) }
        isSealed.withLock { $0 = true }
    }

    /// Has it find the state of the mount at a path.
    func mountState(of path: String) -> MountState { ask(.findMountState(path)).answer.mountState }

    private func require(_ request: DoorMessage.Request, of line: DoorLine? = nil) throws(Failure) {
        let answer = (line ?? self.line(for: request)).ask(request, within: patience).answer
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
        guard isSealed.withLock(\.self) else {
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
            return KeyProcess(socket: socket, processID: process) { [files] in
                let answer = files.ask(.findEnd(processID: process), within: Self.patienceForEnd).answer
                return if case .ended(let end) = answer { end } else { nil }
            }
        }
        if let socket { close(socket) }
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
        switch answer {
        case .refused(let status, let sentence):
            throw Failure(FailureStatus(rawValue: Int32(status)) ?? .other, sentence)
        case .failed(ETIMEDOUT):
            throw Failure(
                .other, "the log file can't be opened again: a disk hasn't answered for \(patience)")
        default: throw Failure(.other, "the log file can't be opened again: the doorkeeper process has ended")
        }
    }

    /// Unmounts; if the process has ended, tries it without.
    func unmount(_ mount: MountIdentity) throws(FileSystemError) {
        switch ask(.unmount(mount)).answer {
        case .done: return
        case .refused(let kind, let sentence):
            throw FileSystemError(FileSystemErrorCode(doorKind: kind), sentence)
        default: try Unmounting.unmount(mount)
        }
    }

    /// Has a function called, with a sentence for the log, when one of the processes has ended.
    ///
    /// A thread waits for that as long as this process runs.
    func whenEnded(_ observer: @escaping @Sendable (_ sentence: String) -> Void) throws(SystemError) {
        _ = try NamedThread(name: "doorkeeper") { [files, mounts] in
            var left = [
                (files, "credentials, keys and the log file can't be opened again: mount again to replace them"),
                (mounts, "this process can't unmount any more: run 'twiliofs unmount' when the mount is to end"),
            ]
            while !left.isEmpty {
                // The end is told unasked.
                var requests = left.map { pollfd(fd: $0.0.socket, events: 0, revents: 0) }
                guard poll(&requests, nfds_t(requests.count), -1) >= 0 || errno == EINTR else { return }
                for (index, request) in requests.enumerated().reversed() where request.revents != 0 {
                    observer("a doorkeeper process has ended, so \(left.remove(at: index).1)")
                }
            }
        }
    }

    private func line(for request: DoorMessage.Request) -> DoorLine { request.duty == .mounts ? mounts : files }

    private func ask(_ request: DoorMessage.Request) -> (answer: DoorMessage.Answer, descriptor: Int32?) {
        line(for: request).ask(request, within: patience)
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
