import Support

/// The options after `-o` of mount(8) and fstab: those of twiliofs, of FUSE, and of mount's callers.
struct MountOptionList: Equatable {
    var user: UInt32?
    var group: UInt32?
    var mask: UInt32?
    /// Whether the mount point may have contents.
    var allowsContents = false
    /// Whether other users have access.
    var allowsOthers = false
    /// Whether the mount is removed when its process has died.
    var removesDead = false
    /// The options for libfuse.
    var others: [String] = []
    /// The options that the mount sets itself; repeating them changes nothing.
    private static let implied: Set = ["ro", "nosuid", "nodev", "noexec", "default_permissions"]

    /// The options for mount(8) and systemd, not for the file system.
    private static let ignored: Set = [
        "defaults", "noauto", "auto", "nofail", "_netdev", "user", "nouser", "users", "owner",
    ]

    /// Reads arguments of one or more options, separated by commas.
    init(_ arguments: [String]) throws(Failure) {
        for option in arguments.flatMap({ $0.split(separator: ",") }) { try add(String(option)) }
    }

    private mutating func add(_ option: String) throws(Failure) {
        let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let value = parts.count == 2 ? parts[1] : nil
        switch parts[0] {
        case "uid": user = try Self.number(value, option)
        case "gid": group = try Self.number(value, option)
        case "umask": mask = try Self.mask(value ?? "", option: "-o \(option)")
        case "allow_other": allowsOthers = true
        case "nonempty": allowsContents = true
        case "auto_unmount": removesDead = true
        case "rw": throw Failure(.configuration, "'-o rw' is not possible: recordings can only be read")
        case "suid", "dev", "exec":
            throw Failure(.configuration, "'-o \(option)' is not possible: twiliofs always mounts with 'no\(option)'")
        case "fsname", "subtype", "max_read":
            throw Failure(.configuration, "'-o \(option)' is not possible: twiliofs sets '\(parts[0])' itself")
        case let name where Self.implied.contains(name) || Self.ignored.contains(name) || name.hasPrefix("x-"): break
        default: others.append(option)
        }
    }

    private static func number(_ value: String?, _ option: String) throws(Failure) -> UInt32 {
        guard let value, let number = UInt32(value) else {
            throw Failure(.configuration, "'-o \(option)' needs a number, '-o uid=1000' for instance")
        }
        return number
    }

    /// Reads a mask of permission bits in octal.
    static func mask(_ text: String, option: String) throws(Failure) -> UInt32 {
        guard let mask = UInt32(text, radix: 8), mask <= 0o777 else {
            throw Failure(.configuration, "'\(option)' needs permission bits in octal, 022 for instance")
        }
        return mask
    }
}
