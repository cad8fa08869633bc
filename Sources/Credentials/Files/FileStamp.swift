public import Glibc
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

    /// Finds the status of a file that this process can't; nil while it can.
    private static let lookup = Locked<(@Sendable (_ path: String) -> stat?)?>(nil)

    /// Has files found by a function from now on, since this process has given up the right to look for them.
    public static func look(by function: @escaping @Sendable (_ path: String) -> stat?) {
        lookup.withLock { $0 = function }
    }

    private static func status(of path: String) -> stat? {
        if let lookup = lookup.withLock(\.self) { return lookup(path) }
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    /// The stamp of the regular file at a path, behind all links; nil if there is none.
    public init?(of path: String) {
        guard let status = Self.status(of: path), status.st_mode & S_IFMT == S_IFREG else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Time(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
        changed = Time(seconds: status.st_ctim.tv_sec, nanoseconds: status.st_ctim.tv_nsec)
    }

    /// Whether a path leads to a regular file that another process can find there too.
    ///
    /// A pipe can't be read twice, and the number of a descriptor means another file later.
    public static func canBeReadAgain(_ path: String) -> Bool {
        // Below /dev, also a folder in memory may hold files: /dev/shm.
        !["/dev/fd/", "/dev/std", "/proc/"].contains { path.hasPrefix($0) } && FileStamp(of: path) != nil
    }
}
