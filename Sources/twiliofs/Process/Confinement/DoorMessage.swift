import Credentials
import FileSystem
import Glibc
import KeyProcess
import Support

/// The messages between a mount and its ``Doorkeeper``: each is one packet (``DoorSocket``), whose first byte
/// tells what it is.
enum DoorMessage {
    /// What the mount asks for.
    enum Request: Equatable {
        /// From now on, the secret file at a path may be opened for reading.
        case addSecret(String)
        /// From now on, the log file at a path may be opened for appending.
        case setLogFile(String)
        /// From now on, a mount may be unmounted; after the seal, no other.
        case setMount(MountIdentity)
        /// No more paths are taken.
        case seal
        /// Open a secret file.
        case openSecret(String)
        /// Open the log file.
        case openLogFile
        /// Unmount a mount.
        case unmount(MountIdentity)
        /// Find the state of the mount at a path, while paths are taken.
        case findMountState(String)
        /// From now on, a file with private keys may be read by a key process.
        case addKeyFile(KeyReading)
        /// Start a key process that reads a file.
        case startKeyProcess(KeyReading)
        /// Find how a key process has ended.
        case findEnd(processID: Int32)
        /// Find the stamp of a secret file, or of one with private keys.
        case findStamp(String)
    }

    /// What the doorkeeper answers; a file that it has opened comes with it.
    enum Answer: Equatable {
        case done
        /// A system call has failed with this `errno`.
        case failed(Int32)
        /// The reason of a refusal, with the raw value of its kind.
        case refused(UInt8, String)
        /// A key process was started; its socket comes with it.
        case started(processID: Int32)
        /// A process has ended.
        case ended(ProcessEnd)
        /// The stamp of a file.
        case stamp(FileStamp)
    }

    /// The longest message: a reading of a file with private keys, or a sentence with a path.
    static let limit = 1 + KeyReading.largestSize

    fileprivate static func path(_ bytes: ArraySlice<UInt8>) -> String? {
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
        case .setMount(let mount): [3] + mount.bytes
        case .seal: [4]
        case .openSecret(let path): [5] + path.utf8
        case .openLogFile: [6]
        case .unmount(let mount): [7] + mount.bytes
        case .findMountState(let path): [8] + path.utf8
        // Without the reading, the message is none that is understood.
        case .addKeyFile(let reading): [9] + (reading.bytes ?? [])
        case .startKeyProcess(let reading): [10] + (reading.bytes ?? [])
        case .findEnd(let process): [11] + process.littleEndianBytes
        case .findStamp(let path): [12] + path.utf8
        }
    }

    /// Reads a packet; nil for one that the mount doesn't send.
    init?(_ bytes: [UInt8]) {
        guard let kind = bytes.first else { return nil }
        let rest = bytes.dropFirst()
        switch kind {
        case 4 where rest.isEmpty: self = .seal
        case 6 where rest.isEmpty: self = .openLogFile
        case 3, 7:
            guard let mount = MountIdentity(bytes: rest) else { return nil }
            self = kind == 3 ? .setMount(mount) : .unmount(mount)
        case 9, 10:
            guard let reading = KeyReading(Array(rest)) else { return nil }
            self = kind == 9 ? .addKeyFile(reading) : .startKeyProcess(reading)
        case 11:
            guard let process = Int32(littleEndianBytes: rest) else { return nil }
            self = .findEnd(processID: process)
        case 1, 2, 5, 8, 12:
            guard let path = DoorMessage.path(rest) else { return nil }
            self =
                switch kind {
                case 1: .addSecret(path)
                case 2: .setLogFile(path)
                case 5: .openSecret(path)
                case 12: .findStamp(path)
                default: .findMountState(path)
                }
        default: return nil
        }
    }
}

extension MountIdentity {
    /// The device, a zero byte, and the path.
    fileprivate var bytes: [UInt8] { device.utf8 + [0] + path.utf8 }

    fileprivate init?(bytes: ArraySlice<UInt8>) {
        guard let end = bytes.firstIndex(of: 0), let path = DoorMessage.path(bytes[(end + 1)...]) else { return nil }
        let device = String(decoding: bytes[..<end], as: UTF8.self)
        guard device.utf8.count <= 32, device.wholeMatch(of: /[0-9]+:[0-9]+/) != nil else { return nil }
        self.init(path: path, device: device)
    }
}

extension DoorMessage.Answer {
    /// The packet.
    var bytes: [UInt8] {
        switch self {
        case .done: [0]
        case .failed(let number): [1] + number.littleEndianBytes
        case .refused(let kind, let sentence): [2, kind] + sentence.utf8.prefix(DoorMessage.limit - 2)
        case .started(let process): [3] + process.littleEndianBytes
        case .ended(let end): [4] + end.status.littleEndianBytes
        case .stamp(let stamp): [5] + stamp.numbers.flatMap(\.littleEndianBytes)
        }
    }

    /// Reads a packet; nil for one that the doorkeeper doesn't send.
    init?(_ bytes: [UInt8]) {
        let rest = bytes.dropFirst()
        switch bytes.first {
        case 0 where rest.isEmpty: self = .done
        case 2 where !rest.isEmpty: self = .refused(bytes[1], String(decoding: bytes[2...], as: UTF8.self))
        case 1, 3, 4:
            guard let number = Int32(littleEndianBytes: rest) else { return nil }
            self =
                switch bytes[0] {
                case 1: .failed(number)
                case 3: .started(processID: number)
                default: .ended(ProcessEnd(status: number))
                }
        case 5:
            let numbers = stride(from: 1, to: bytes.count, by: 8).map { start in
                Int64(littleEndianBytes: bytes[start..<min(start + 8, bytes.count)])
            }
            guard let stamp = FileStamp(numbers.compactMap(\.self)), numbers.allSatisfy({ $0 != nil }) else {
                return nil
            }
            self = .stamp(stamp)
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
        default: .silent
        }
    }
}

extension FixedWidthInteger {
    /// The number's bytes, the lowest first.
    fileprivate var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }

    /// Reads a number's bytes, the lowest first; nil for another count of them.
    fileprivate init?(littleEndianBytes bytes: ArraySlice<UInt8>) {
        guard bytes.count == Self.bitWidth / 8 else { return nil }
        self = bytes.reversed().reduce(0) { $0 << 8 | Self($1) }
    }
}
