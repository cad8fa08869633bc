import Glibc
import Support

/// The kernel's table of mounts (proc_pid_mountinfo(5)); reading it accesses no mount.
struct MountTable {
    /// A mounted file system.
    struct Entry: Equatable {
        /// The number of the mount, and of the one that it is mounted on; free numbers are used again.
        let id: Int
        let parent: Int
        /// The number of the device, as `MAJOR:MINOR`: a superblock of FUSE has one of its own.
        let device: String
        let path: String
        let type: String
        /// Its source: for a mount of twiliofs, the account.
        let source: String
        /// The options of its superblock.
        let options: String

        /// What tells it from others in its place.
        var identity: MountIdentity { MountIdentity(path: path, device: device) }

        /// Whether it is this program's.
        var isOurs: Bool { type == "fuse.twiliofs" }

        /// Whether it is mounted on another one, or, without that, is the root.
        ///
        /// - Parameter ids: Those in the table, which lacks what the root is on, unless that is itself.
        fileprivate func isOn(_ other: Entry?, amid ids: Set<Int>) -> Bool {
            guard let other else { return parent == id || !ids.contains(parent) }
            return parent == other.id && parent != id
        }

        /// The user who has mounted a FUSE file system; nil if unknown.
        var owner: uid_t? { number("user_id=") }

        /// The group of that user; nil if unknown.
        var group: gid_t? { number("group_id=") }

        private func number(_ option: String) -> UInt32? {
            options.split(separator: ",").first { $0.hasPrefix(option) }.flatMap { UInt32($0.dropFirst(option.count)) }
        }
    }

    let entries: [Entry]

    /// Reads the table of this process.
    static var current: MountTable { MountTable(KernelFile.text(of: "/proc/self/mountinfo") ?? "") }

    /// Reads a table from the kernel's text.
    init(_ text: String) { entries = text.split(separator: "\n").compactMap(Self.entry) }

    /// The mounts on a directory, each on the root of the one before; the last one is what a path leads to.
    ///
    /// The order of the lines says nothing: a mount may have been put beneath an older one. Mounts that are hidden by
    /// one on a directory above don't count.
    ///
    /// - Parameter path: An absolute path without links, `.` and `..`.
    func stack(on path: String) -> [Entry] {
        let ids = Set(entries.map(\.id))
        var prefixes = ["/"]
        var prefix = ""
        for name in path.split(separator: "/") {
            prefix += "/\(name)"
            prefixes.append(prefix)
        }
        var stack: [Entry] = []
        var under: Entry?
        for prefix in prefixes {
            stack = []
            while let entry = entries.first(where: { $0.path == prefix && $0.isOn(under, amid: ids) }),
                !stack.contains(entry)
            {
                stack.append(entry)
                under = entry
            }
        }
        return stack
    }

    /// A mount on the directory on which it was put; nil if it isn't there any more.
    ///
    /// It isn't looked for elsewhere: once it has gone, the next mount anywhere gets its device's number.
    func entry(of mount: MountIdentity) -> Entry? { stack(on: mount.path).first { $0.device == mount.device } }

    /// The mount to which a path leads, if it is the path of a mount point.
    func top(on path: String) -> Entry? { stack(on: path).last }

    private static func entry(_ line: Substring) -> Entry? {
        // Optional fields come before the hyphen.
        let fields = line.split(separator: " ", omittingEmptySubsequences: false)
        guard let hyphen = fields.dropFirst(6).firstIndex(of: "-"), fields.count > hyphen + 3,
            let id = Int(fields[0]), let parent = Int(fields[1])
        else { return nil }
        return Entry(
            id: id, parent: parent, device: String(fields[2]), path: plain(fields[4]), type: plain(fields[hyphen + 1]),
            source: plain(fields[hyphen + 2]), options: plain(fields[hyphen + 3]))
    }

    /// Undoes the kernel's escapes: separators and backslashes are octal numbers.
    private static func plain(_ field: Substring) -> String {
        guard field.contains("\\") else { return String(field) }
        var bytes: [UInt8] = []
        var rest = field.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let number = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(number)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
