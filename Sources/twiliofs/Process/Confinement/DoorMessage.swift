import CLinux
import FileSystem
import Glibc
import Support

/// The messages between a mount and its ``Doorkeeper``: each is one packet, whose first byte tells what it is.
enum DoorMessage {
    /// What the mount asks for.
    enum Request: Equatable {
        /// From now on, the secret file at a path may be opened for reading.
        case addSecret(String)
        /// From now on, the log file at a path may be opened for appending.
        case setLogFile(String)
        /// From now on, a path may be unmounted.
        case setMountPoint(String)
        /// No more paths are taken.
        case seal
        /// Open a secret file.
        case openSecret(String)
        /// Open the log file.
        case openLogFile
        /// Unmount.
        case unmount
        /// Find the state of the mount at a path, while paths are taken.
        case findMountState(String)
    }

    /// What the doorkeeper answers; a file that it has opened comes with it.
    enum Answer: Equatable {
        case done
        /// A system call has failed with this `errno`.
        case failed(Int32)
        /// The reason of a refusal, with the raw value of its kind.
        case refused(UInt8, String)
    }

    /// The longest message: a path, or a sentence with one.
    static let limit = 2 * Int(PATH_MAX)

    private static func path(_ bytes: ArraySlice<UInt8>) -> String? {
        guard let path = String(validating: bytes, as: UTF8.self), path.hasPrefix("/"), !path.contains("\0"),
            bytes.count < Int(PATH_MAX)
        else { return nil }
        return path
    }
}

extension DoorMessage.Request {
    /// The packet.
    var bytes: [UInt8] {
        switch self {
        case .addSecret(let path): [1] + path.utf8
        case .setLogFile(let path): [2] + path.utf8
        case .setMountPoint(let path): [3] + path.utf8
        case .seal: [4]
        case .openSecret(let path): [5] + path.utf8
        case .openLogFile: [6]
        case .unmount: [7]
        case .findMountState(let path): [8] + path.utf8
        }
    }

    /// Reads a packet; nil for one that the mount doesn't send.
    init?(_ bytes: [UInt8]) {
        guard let kind = bytes.first else { return nil }
        let rest = bytes.dropFirst()
        switch kind {
        case 4 where rest.isEmpty: self = .seal
        case 6 where rest.isEmpty: self = .openLogFile
        case 7 where rest.isEmpty: self = .unmount
        case 1, 2, 3, 5, 8:
            guard let path = DoorMessage.path(rest) else { return nil }
            self =
                switch kind {
                case 1: .addSecret(path)
                case 2: .setLogFile(path)
                case 3: .setMountPoint(path)
                case 5: .openSecret(path)
                default: .findMountState(path)
                }
        default: return nil
        }
    }
}

extension DoorMessage.Answer {
    /// The packet.
    var bytes: [UInt8] {
        switch self {
        case .done: [0]
        case .failed(let number): [1] + withUnsafeBytes(of: number.littleEndian, Array.init)
        case .refused(let kind, let sentence): [2, kind] + sentence.utf8.prefix(DoorMessage.limit - 2)
        }
    }

    /// Reads a packet; nil for one that the doorkeeper doesn't send.
    init?(_ bytes: [UInt8]) {
        switch bytes.first {
        case 0 where bytes.count == 1: self = .done
        case 1 where bytes.count == 5:
            self = .failed(bytes[1...].reversed().reduce(0) { $0 << 8 | Int32($1) })
        case 2 where bytes.count >= 2: self = .refused(bytes[1], String(decoding: bytes[2...], as: UTF8.self))
        default: return nil
        }
    }
}

extension DoorMessage.Answer {
    /// The answer for the state of a mount.
    init(_ state: MountState) {
        self =
            switch state {
            case .answering: .done
            case .dead: .failed(ENOTCONN)
            case .silent: .failed(ETIMEDOUT)
            }
    }

    /// The state of the mount; `silent` after any other failure.
    var mountState: MountState {
        switch self {
        case .done: .answering
        case .failed(ENOTCONN): .dead
        case .failed, .refused: .silent
        }
    }
}
