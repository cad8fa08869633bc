import Glibc
import Support

/// What tells that a file was replaced or written to: its identity, its size and its times.
public struct FileStamp: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let modified: Time
    /// The time of the last change of contents or of the inode, which no program can set.
    private let changed: Time

    private struct Time: Hashable {
        let seconds: Int
        let nanoseconds: Int
    }

    /// Finds the stamp of a file that this process can't; nil while it can.
    private static let lookup = Locked<(@Sendable (_ path: String) -> FileStamp?)?>(nil)

    /// Has files found by a function from now on, since this process has given up the right to look for them.
    public static func look(by function: @escaping @Sendable (_ path: String) -> FileStamp?) {
        lookup.withLock { $0 = function }
    }

    /// The stamp of the regular file at a path, behind all links; nil if there is none.
    public init?(of path: String) {
        if let lookup = Self.lookup.withLock(\.self) {
            guard let stamp = lookup(path) else { return nil }
            self = stamp
            return
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Time(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        changed = Time(seconds: status.st_ctim.tv_sec, nanoseconds: status.st_ctim.tv_nsec)
    }

    /// The stamp as seven numbers, for another process.
    public var numbers: [Int64] {
        [
            Int64(bitPattern: device), Int64(bitPattern: inode), size, Int64(modified.seconds),
            Int64(modified.nanoseconds), Int64(changed.seconds), Int64(changed.nanoseconds),
        ]
    }

    /// Makes a stamp of its ``numbers``; nil for another count of them.
    public init?(_ numbers: [Int64]) {
        guard numbers.count == 7 else { return nil }
        (device, inode, size) = (UInt64(bitPattern: numbers[0]), UInt64(bitPattern: numbers[1]), numbers[2])
        modified = Time(seconds: Int(numbers[3]), nanoseconds: Int(numbers[4]))
        changed = Time(seconds: Int(numbers[5]), nanoseconds: Int(numbers[6]))
    }

    /// Whether a path leads to a regular file that another process can find there too.
    ///
    /// A pipe can't be read twice, and the number of a descriptor means another file later.
    public static func canBeReadAgain(_ path: String) -> Bool {
        // Below /dev, also a folder in memory may hold files: /dev/shm.
        !["/dev/fd/", "/dev/std", "/proc/"].contains { path.hasPrefix($0) } && FileStamp(of: path) != nil
    }
}
