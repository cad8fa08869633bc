import CFUSE
import CLinux
import FoundationEssentials
import Glibc
public import Support

/// The directory on which the tree is mounted.
public struct MountPoint: Sendable {
    /// Its absolute path, without symbolic links.
    public let path: String

    /// Checks that the tree can be mounted on a directory; each problem has its own message.
    ///
    /// - Parameter allowsContents: Whether it may have contents, which the mount hides.
    public init(_ path: String, allowsContents: Bool) throws(FileSystemError) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            switch errno {
            case ENOENT: throw Self.refused(path, "does not exist: make it with 'mkdir -p \(path)'")
            case ENOTCONN:
                throw Self.refused(path, "is left from a mount that has died: run 'twiliofs unmount \(path)' first")
            default: throw Self.refused(path, "can't be used: \(SystemErrorCode.current)")
            }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw Self.refused(path, "is not a directory: give an empty directory")
        }
        guard let resolved = realpath(path, nil) else {
            throw Self.refused(path, "can't be used: \(SystemErrorCode.current)")
        }
        self.path = String(cString: resolved)
        free(resolved)
        if let type = Self.fileSystemType(mountedOn: self.path) {
            throw Self.refused(
                self.path,
                "is busy: a file system (\(type)) is mounted there already; unmount it or choose another directory")
        }
        try Self.checkAccess(self.path, status)
        if allowsContents { return }
        guard let contents = try? FileManager.default.contentsOfDirectory(atPath: self.path) else {
            throw Self.refused(
                self.path,
                "can't be listed, so it may have contents: choose an empty directory, or give '-o nonempty' to hide what"
                    + " is in it")
        }
        guard contents.isEmpty else {
            throw Self.refused(
                self.path, "is not empty: choose an empty directory, or give '-o nonempty' to hide what is in it")
        }
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
        FileSystemError(.mountPoint, "the mount point '\(path)' \(reason)")
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
    public static func fileSystemType(mountedOn path: String) -> String? { fileSystemTypes()[path] }

    /// The type of this program's mounts.
    static let ourType = "fuse.twiliofs"

    /// The types of all mounted file systems by directory; the last mount on a directory counts.
    static func fileSystemTypes() -> [String: String] { mounts { String(cString: $0.mnt_type) } }

    /// The user who mounted a FUSE file system exactly on a directory; nil if unknown.
    static func owner(ofMountOn path: String) -> uid_t? {
        let options = mounts { String(cString: $0.mnt_opts) }[path] ?? ""
        let owner = options.split(separator: ",").first { $0.hasPrefix("user_id=") }
        return owner.flatMap { uid_t($0.dropFirst("user_id=".count)) }
    }

    /// A value for each mount, by directory.
    private static func mounts<Value>(_ value: (mntent) -> Value) -> [String: Value] {
        guard let table = setmntent("/proc/self/mounts", "re") else { return [:] }
        defer { endmntent(table) }
        var mounts: [String: Value] = [:]
        while let entry = getmntent(table) { mounts[String(cString: entry.pointee.mnt_dir)] = value(entry.pointee) }
        return mounts
    }

    /// The number of the device mounted exactly on a directory, as `MAJOR:MINOR`; nil without any.
    static func device(mountedOn path: String) -> String? {
        guard let table = KernelFile.text(of: "/proc/self/mountinfo") else { return nil }
        // The kernel escapes separators as octal numbers (proc_pid_mountinfo(5)).
        let escaped = [("\\", "\\134"), (" ", "\\040"), ("\t", "\\011"), ("\n", "\\012")].reduce(path) {
            $0.replacing($1.0, with: $1.1)
        }
        let mounts = table.split(separator: "\n").map { $0.split(separator: " ") }
        return mounts.last { $0.count > 4 && $0[4] == escaped[...] }.map { String($0[2]) }
    }

    private static func userAllowsOthers() -> Bool {
        guard let text = try? String(contentsOfFile: "/etc/fuse.conf", encoding: .utf8) else { return false }
        return text.split(whereSeparator: \.isNewline).contains { line in
            line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace) == ["user_allow_other"]
        }
    }
}
