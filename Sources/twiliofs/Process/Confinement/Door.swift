import Credentials
import FileSystem
import Glibc
import KeyProcess
import Support

/// What a ``Doorkeeper`` may open, start and unmount; the part of it without a socket.
struct Door {
    /// What a door does with files and mounts.
    protocol Hands {
        /// Opens a secret file for reading; returns a descriptor, or -1 with `errno`.
        func openSecret(_ path: String) -> Int32
        /// Opens the log file for appending.
        func openLogFile(_ path: String) throws(Failure) -> Int32
        /// Unmounts a mount of twiliofs at once, although files may be open.
        func unmount(_ mount: MountIdentity) throws(DoorRefusal)
        /// The state of the mount at a path.
        func mountState(of path: String) -> MountState
        /// The stamp of a file; nil without one.
        func stamp(of path: String) -> FileStamp?
        /// Starts a key process that reads a file; the caller closes its socket.
        func startKeyProcess(_ reading: KeyReading) throws(SystemError) -> (socket: Int32, processID: Int32)
        /// Waits for the end of a process that was started, but no longer than `patience`.
        func end(of process: Int32, within patience: Duration) -> ProcessEnd?
    }

    /// The longest wait for a process to end whose socket has ended.
    private static let patience = Duration.seconds(2)
    /// The most key processes for each key file: the present one, the next, and former ones that still end.
    private static let mostProcesses = 4

    /// The most secret files of a mount.
    static let mostSecrets = 10_000

    private let duty: DoorDuty
    private let hands: any Hands
    private var secrets: Set<String> = []
    private var keyFiles: Set<KeyReading> = []
    /// The key processes whose end nobody has asked for.
    private var processes: Set<Int32> = []
    private var logFile: String?
    private var mount: MountIdentity?
    private var isSealed = false

    /// Makes a door that takes only requests of its duty.
    init(_ duty: DoorDuty, hands: any Hands) {
        self.duty = duty
        self.hands = hands
    }

    /// Answers a request; a returned descriptor goes with the answer, and the caller closes it.
    mutating func answer(_ request: DoorMessage.Request) -> (answer: DoorMessage.Answer, descriptor: Int32?) {
        guard request.duty == nil || request.duty == duty else { return (.failed(EPERM), nil) }
        switch request {
        case .addSecret(let path) where !isSealed && secrets.count < Self.mostSecrets:
            secrets.insert(path)
            return (.done, nil)
        case .setLogFile(let path) where !isSealed:
            logFile = path
            return (.done, nil)
        case .setMount(let mount) where !isSealed:
            self.mount = mount
            return (.done, nil)
        case .findMountState(let path) where !isSealed:
            return (DoorMessage.Answer(hands.mountState(of: path)), nil)
        case .seal:
            isSealed = true
            return (.done, nil)
        case .openSecret(let path) where secrets.contains(path):
            let descriptor = hands.openSecret(path)
            return descriptor >= 0 ? (.done, descriptor) : (.failed(errno), nil)
        case .openLogFile:
            guard let logFile else { return (.failed(EPERM), nil) }
            do throws(Failure) {
                return (.done, try hands.openLogFile(logFile))
            } catch {
                return (.refused(UInt8(truncatingIfNeeded: error.code.rawValue), error.message), nil)
            }
        // Before the seal, a mount that fails to start is unmounted.
        case .unmount(let mount) where !isSealed || mount == self.mount:
            do throws(DoorRefusal) {
                try hands.unmount(mount)
                return (.done, nil)
            } catch {
                return (.refused(error.kind, error.sentence), nil)
            }
        case .addKeyFile(let reading) where !isSealed && keyFiles.count < Self.mostSecrets:
            keyFiles.insert(reading)
            return (.done, nil)
        case .startKeyProcess(let reading) where keyFiles.contains(reading): return start(reading)
        case .findEnd(let process) where processes.contains(process):
            guard let end = hands.end(of: process, within: Self.patience) else { return (.failed(ETIMEDOUT), nil) }
            processes.remove(process)
            return (.ended(end), nil)
        case .findStamp(let path) where secrets.contains(path) || keyFiles.contains { $0.file.path == path }:
            guard let stamp = hands.stamp(of: path) else { return (.failed(ENOENT), nil) }
            return (.stamp(stamp), nil)
        case .addSecret, .setLogFile, .setMount, .unmount, .openSecret, .findMountState, .addKeyFile, .startKeyProcess,
            .findEnd, .findStamp:
            return (.failed(EPERM), nil)
        }
    }

    private mutating func start(_ reading: KeyReading) -> (answer: DoorMessage.Answer, descriptor: Int32?) {
        let most = Self.mostProcesses * keyFiles.count
        if processes.count >= most { processes = processes.filter { hands.end(of: $0, within: .zero) == nil } }
        guard processes.count < most else { return (.failed(EAGAIN), nil) }
        do throws(SystemError) {
            let (socket, process) = try hands.startKeyProcess(reading)
            processes.insert(process)
            return (.started(processID: process), socket)
        } catch {
            return (.failed(error.code.rawValue), nil)
        }
    }
}

/// The reason why a door didn't unmount.
struct DoorRefusal: Error {
    let kind: UInt8
    let sentence: String
}
