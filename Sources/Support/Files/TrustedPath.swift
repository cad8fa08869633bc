import Glibc

/// Checks the way to a folder that is the user's own: whether somebody else could put another one in its place.
///
/// What may be changed in a folder is changed by its owner and by those who can write to it, unless it has the sticky
/// bit, as `/tmp` has: there, everybody can only rename and remove what is theirs.
public enum TrustedPath {
    /// Links that are followed at the most, as in the kernel.
    private static let mostLinks = 40

    /// Checks each folder above a path, and each symbolic link on the way to it, the path's own last one included.
    ///
    /// The links and folders have to belong to the user or to root. What the path leads to isn't looked at, and needn't
    /// exist; nor need the folders above it.
    ///
    /// - Parameter path: an absolute path.
    public static func check(_ path: String) throws(PrivateFile.Refusal) {
        try walk(path) { (step) throws(PrivateFile.Refusal) in
            switch step {
            case .folder(let folder):
                try checkFolder(folder)
            case .link(let link, let owner):
                guard isOwn(owner) else {
                    throw refusal("'\(link)' is a symbolic link of user \(owner), who can let it lead elsewhere")
                }
            case .reached:
                break
            }
        }
    }

    /// Tells if a folder is on the way to a path, or is what the path leads to.
    ///
    /// - Parameters:
    ///   - path: an absolute path; what it leads to needn't exist.
    ///   - folder: an absolute path without links in it.
    public static func leads(_ path: String, through folder: String) -> Bool {
        var isOnTheWay = false
        // Looking refuses nothing.
        try? walk(path) { (step) throws(PrivateFile.Refusal) in
            switch step {
            case .folder(let visited), .reached(let visited): isOnTheWay = isOnTheWay || visited == folder
            case .link: break
            }
        }
        return isOnTheWay
    }

    /// What is met on the way to a path.
    private enum Step {
        /// A folder in which the next name is looked up.
        case folder(String)

        /// A symbolic link.
        case link(String, owner: uid_t)

        /// A folder that is left again, or what the path leads to: nothing is looked up in it.
        case reached(String)
    }

    private static func walk(
        _ path: String, _ visit: (Step) throws(PrivateFile.Refusal) -> Void
    ) throws(PrivateFile.Refusal) {
        var folder: [Substring] = []
        // The names that are still to be walked, the next one at the end.
        var rest: [Substring] = path.split(separator: "/").reversed()
        var linkCount = 0
        while let name = rest.popLast() {
            if name == "." { continue }
            if name == ".." {
                try visit(.reached("/" + folder.joined(separator: "/")))
                _ = folder.popLast()
                continue
            }
            try visit(.folder("/" + folder.joined(separator: "/")))
            let place = "/" + (folder + [name]).joined(separator: "/")
            var status = stat()
            // What is missing will be made by the user; what else is wrong is said by whoever uses it.
            guard lstat(place, &status) == 0 else { return }
            guard status.st_mode & S_IFMT == S_IFLNK else {
                folder.append(name)
                continue
            }
            try visit(.link(place, owner: status.st_uid))
            linkCount += 1
            guard linkCount <= mostLinks, let target = target(ofLink: place) else { return }
            if target.hasPrefix("/") { folder = [] }
            rest += target.split(separator: "/").reversed()
        }
        try visit(.reached("/" + folder.joined(separator: "/")))
    }

    /// Tells if nobody but a user and root can rename or remove what is in a folder and theirs.
    ///
    /// - Parameters:
    ///   - owner: the folder's.
    ///   - group: the folder's.
    ///   - mode: the folder's, with or without its type.
    ///   - user: who uses it.
    ///   - userGroup: that user's own group, which is taken for theirs alone: many systems give each user one.
    static func isTrusted(owner: uid_t, group: gid_t, mode: mode_t, user: uid_t, userGroup: gid_t) -> Bool {
        guard owner == user || owner == 0 else { return false }
        // The sticky bit (chmod(2)).
        if mode & 0o1000 != 0 { return true }
        // Of a folder of root's, root has chosen the group: Debian's /var/local belongs to staff.
        return mode & 0o002 == 0 && (mode & 0o020 == 0 || group == userGroup || group == 0 || owner == 0)
    }

    private static func checkFolder(_ path: String) throws(PrivateFile.Refusal) {
        // Whoever owns the root folder has all of the system, of a container for instance.
        guard path != "/" else { return }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
        let owner = isUnknownInNamespace(status.st_uid) ? geteuid() : status.st_uid
        guard
            isTrusted(
                owner: owner, group: status.st_gid, mode: status.st_mode, user: geteuid(), userGroup: getegid())
        else {
            let mode = "0" + String(status.st_mode & 0o7777, radix: 8)
            throw refusal(
                "the folder '\(path)' above it belongs to user \(status.st_uid) and has mode \(mode): others could"
                    + " put something else in its place; choose a folder below one that only you and root can write to")
        }
    }

    private static func isOwn(_ owner: uid_t) -> Bool {
        owner == geteuid() || owner == 0 || isUnknownInNamespace(owner)
    }

    /// Whether an owner is nobody whom this user namespace knows: of a container of a user's own, root outside.
    private static func isUnknownInNamespace(_ owner: uid_t) -> Bool {
        // All others have this number (user_namespaces(7)).
        guard owner == 65534, let map = firstLine(of: "/proc/self/uid_map") else { return false }
        // Outside of any namespace, all are known: from 0, as 0, all of them.
        return map.split(separator: " ") != ["0", "0", "4294967295"]
    }

    private static func firstLine(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// What a symbolic link names; nil when it isn't one any more.
    private static func target(ofLink path: String) -> String? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &target, target.count)
        guard count > 0 else { return nil }
        return String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func refusal(_ description: String) -> PrivateFile.Refusal {
        PrivateFile.Refusal(.notPrivate, description)
    }
}
