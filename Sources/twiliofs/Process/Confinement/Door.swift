import CLinux
import FileSystem
import Glibc
import Support

/// What a ``Doorkeeper`` may open and unmount, and how it does; the part of it without a socket.
struct Door {
    /// What a door does with files and mounts.
    protocol Hands {
        /// Opens a secret file for reading; returns a descriptor, or -1 with `errno`.
        func openSecret(_ path: String) -> Int32
        /// Opens the log file for appending.
        func openLogFile(_ path: String) throws(Failure) -> Int32
        /// Unmounts a mount of twiliofs at once, although files may be open.
        func unmount(_ path: String) throws(DoorRefusal)
        /// The state of the mount at a path.
        func mountState(of path: String) -> MountState
    }

    /// The most secret files of a mount.
    static let mostSecrets = 10_000

    private let hands: any Hands
    private var secrets: Set<String> = []
    private var logFile: String?
    private var mountPoint: String?
    private var isSealed = false

    init(hands: any Hands) { self.hands = hands }

    /// Answers a request; a returned descriptor goes with the answer, and the caller closes it.
    mutating func answer(_ request: DoorMessage.Request) -> (answer: DoorMessage.Answer, descriptor: Int32?) {
        switch request {
        case .addSecret(let path) where !isSealed && secrets.count < Self.mostSecrets:
            secrets.insert(path)
            return (.done, nil)
        case .setLogFile(let path) where !isSealed:
            logFile = path
            return (.done, nil)
        case .setMountPoint(let path) where !isSealed:
            mountPoint = path
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
        case .unmount:
            guard let mountPoint else { return (.failed(EPERM), nil) }
            do throws(DoorRefusal) {
                try hands.unmount(mountPoint)
                return (.done, nil)
            } catch {
                return (.refused(error.kind, error.sentence), nil)
            }
        case .addSecret, .setLogFile, .setMountPoint, .openSecret, .findMountState: return (.failed(EPERM), nil)
        }
    }
}

/// The reason why a door didn't unmount.
struct DoorRefusal: Error {
    let kind: UInt8
    let sentence: String
}
