import CFUSE
import FoundationEssentials
import Glibc
public import Support

/// The directory on which the tree is mounted.
public struct MountPoint: Sendable {
    /// Its absolute path, without symbolic links.
    public let path: String

    /// The mount of twiliofs that is there, and of which the new one takes the place; nil without any.
    public let predecessor: Predecessor?

    /// Checks that the tree can be mounted on a directory; each problem has its own message.
    ///
    /// A mount that is there is found in the kernel's table, since it may be dead or hang.
    ///
    /// - Parameters:
    ///   - allowsContents: Whether it may have contents, which the mount hides.
    ///   - replaces: Whether a living mount of twiliofs may be there, which is to be replaced.
    ///   - user: The ID of the user whose the mount will be; nil for this one.
    ///   - stateFinder: Finds the state of a mount that is there.
    public init(
        _ path: String, allowsContents: Bool, replaces: Bool = false, user: UInt32? = nil,
        stateFinder: @escaping MountState.Finder = MountState.find
    ) throws(FileSystemError) {
        if let resolved = try? Unmounting.resolve(path), let mount = MountTable.current.top(on: resolved), mount.isOurs
        {
            self.path = resolved
            predecessor = try Predecessor(
                mount, allowsContents: allowsContents, replaces: replaces, user: user ?? getuid(),
                stateFinder: stateFinder)
        } else {
            self.path = try Self.checkDirectory(path, allowsContents: allowsContents)
            predecessor = nil
        }
    }

    /// Checks a directory on which nothing of twiliofs is mounted; returns its absolute path without links.
    static func checkDirectory(_ path: String, allowsContents: Bool) throws(FileSystemError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else {
            switch errno {
            case ENOENT: throw refused(path, "does not exist: make it with 'mkdir -p \(path)'")
            case ENOTCONN:
                throw refused(
                    path,
                    "is, or is in, a dead mount of another program: unmount that first, with 'fusermount3 -u' for"
                        + " instance")
            default: throw refused(path, "can't be used: \(SystemErrorCode.current)")
            }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw refused(path, "is not a directory: give an empty directory")
        }
        guard let resolved = realpath(path, nil) else {
            throw refused(path, "can't be used: \(SystemErrorCode.current)")
        }
        defer { free(resolved) }
        let path = String(cString: resolved)
        if let type = fileSystemType(mountedOn: path) {
            throw refused(
                path,
                "is busy: a file system (\(type)) is mounted there already; unmount it or choose another directory")
        }
        try checkAccess(path, status)
        if allowsContents { return path }
        guard let contents = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw refused(
                path,
                "can't be listed, so it may have contents: choose an empty directory, or give '-o nonempty' to hide what"
                    + " is in it")
        }
        guard contents.isEmpty else {
            throw refused(
                path, "is not empty: choose an empty directory, or give '-o nonempty' to hide what is in it")
        }
        return path
    }

    /// Checks that a user other than root may mount on a directory, as fusermount3 does later.
    private static func checkAccess(_ path: String, _ status: stat) throws(FileSystemError) {
        guard geteuid() != 0 else { return }
        // The sticky bit (chmod(2)).
        if status.st_mode & 0o1000 != 0, status.st_uid != getuid() {
            throw refused(
                path,
                "belongs to another user, with the ID \(status.st_uid), and has the sticky bit: only that user and root"
                    + " can mount there; choose a directory of your own")
        }
        guard Glibc.access(path, W_OK | X_OK) == 0 else {
            let reason = SystemErrorCode.current
            let remedy = remedy(for: path, owner: status.st_uid, user: getuid())
            throw refused(path, "can't be written to: \(reason); \(remedy)")
        }
    }

    private static func refused(_ path: String, _ reason: String) -> FileSystemError {
        .mountPoint(path, reason)
    }

    /// The advice for a mount point that the user can't write to.
    static func remedy(for path: String, owner: uid_t, user: uid_t) -> String {
        // Other users can't change the mode.
        owner == user
            ? "allow it with 'chmod u+rwx \(path)', or choose another directory"
            : "it belongs to another user, with the ID \(owner): choose a directory of your own"
    }

    /// Checks that FUSE exists, and that this user may use it.
    ///
    /// - Parameter allowsOthers: Whether the mount admits other users.
    public static func checkAvailability(allowsOthers: Bool) throws(FileSystemError) {
        guard Glibc.access("/dev/fuse", F_OK) == 0 else {
            throw FileSystemError(
                .unavailable,
                "there is no /dev/fuse: load the kernel's module with 'modprobe fuse', or give the container the device"
            )
        }
        // fusermount3 opens the device with the rights of the user who runs it.
        let descriptor = open("/dev/fuse", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason = "\(SystemErrorCode.current)"
            let remedy =
                errno == EACCES && geteuid() != 0
                ? "let this user read and write it, by its group for instance ('ls -l /dev/fuse' tells)"
                : "give the container the device"
            throw FileSystemError(.unavailable, "/dev/fuse can't be opened: \(reason); \(remedy)")
        }
        var device = stat()
        let isKnown = fstat(descriptor, &device) == 0
        close(descriptor)
        guard isKnown, device.st_mode & S_IFMT == S_IFCHR, device.st_rdev == fuseDevice else {
            throw FileSystemError(
                .unavailable,
                "/dev/fuse is not the kernel's device: remove it and make it with 'mknod /dev/fuse c 10 229', or give"
                    + " the container the device")
        }
        guard geteuid() != 0 else { return }
        guard MountHelper.path != nil else { throw MountHelper.missing }
        if allowsOthers, !userAllowsOthers() {
            throw FileSystemError(
                .option, "'allow_other' is for root unless /etc/fuse.conf has a line 'user_allow_other': add it")
        }
    }

    /// The number of FUSE's device: major 10 (miscellaneous), minor 229 (misc(4), makedev(3)).
    private static let fuseDevice: dev_t = 10 << 8 | 229

    /// The type of the file system mounted exactly on a directory; nil without any.
    public static func fileSystemType(mountedOn path: String) -> String? { MountTable.current.top(on: path)?.type }

    private static func userAllowsOthers() -> Bool {
        guard let text = try? String(contentsOfFile: "/etc/fuse.conf", encoding: .utf8) else { return false }
        return text.split(whereSeparator: \.isNewline).contains { line in
            line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace) == ["user_allow_other"]
        }
    }
}
