import Glibc

/// Checks the folders and links on a path, so that no other user can replace the path's target.
///
/// The owner of a folder and everyone with write permission can rename and remove its entries. If the folder has the
/// sticky bit (`/tmp`), only the owners of the folder and of an entry can.
public enum TrustedPath {
    /// The largest number of links followed, as in the kernel.
    private static let mostLinks = 40

    /// Checks each folder above an absolute path and each symbolic link on it, the last component included.
    ///
    /// Links and folders have to belong to the user or to root. The target isn't checked; neither it nor the folders
    /// above it have to exist.
    ///
    /// - Parameter allowsSticky: Whether others may be able to put a target there that is missing, as into `/tmp`.
    public static func check(_ path: String, allowsSticky: Bool = true) throws(PrivateFile.Refusal) {
        try walk(path) { (step) throws(PrivateFile.Refusal) in
            switch step {
            case .folder(let folder, let isLast):
                // Folders and links have an owner, which is checked as well.
                try checkFolder(folder, allowsSticky: allowsSticky || !isLast)
            case .link(let link, let owner):
                guard isOwn(owner) else {
                    throw PrivateFile.Refusal(
                        .notPrivate, "'\(link)' is a symbolic link of user \(owner), who can let it lead elsewhere")
                }
            case .reached: break
            }
        }
    }

    /// Whether a folder is on a path or is its target.
    ///
    /// - Parameters:
    ///   - path: An absolute path; the target needn't exist.
    ///   - folder: An absolute path without links.
    public static func leads(_ path: String, through folder: String) -> Bool {
        var isOnTheWay = false
        // The closure throws nothing.
        try? walk(path) { (step) throws(PrivateFile.Refusal) in
            switch step {
            case .folder(let visited, _), .reached(let visited): isOnTheWay = isOnTheWay || visited == folder
            case .link: break
            }
        }
        return isOnTheWay
    }

    /// The folders, without links on their paths, in which a file's own name is looked up: several if links lead to it.
    ///
    /// - Parameter path: An absolute path.
    public static func folders(ofFile path: String) -> [String] {
        var folders: [String] = []
        // The closure throws nothing.
        try? walk(path) { (step) throws(PrivateFile.Refusal) in
            if case .folder(let folder, isLast: true) = step { folders.append(folder) }
        }
        return folders
    }

    /// A step on a path.
    private enum Step {
        /// A folder in which the next name is looked up, and whether that is the last one.
        case folder(String, isLast: Bool)
        /// A symbolic link.
        case link(String, owner: uid_t)
        /// A folder left by "..", or the target: no name is looked up in it.
        case reached(String)
    }

    private static func walk(
        _ path: String, _ visit: (Step) throws(PrivateFile.Refusal) -> Void
    ) throws(PrivateFile.Refusal) {
        var folder: [Substring] = []
        // The remaining names, the next one last.
        var rest: [Substring] = path.split(separator: "/").reversed()
        var linkCount = 0
        while let name = rest.popLast() {
            if name == "." { continue }
            if name == ".." {
                try visit(.reached("/" + folder.joined(separator: "/")))
                _ = folder.popLast()
                continue
            }
            try visit(.folder("/" + folder.joined(separator: "/"), isLast: rest.isEmpty))
            let place = "/" + (folder + [name]).joined(separator: "/")
            var status = stat()
            // The user will create a missing component; other faults are reported by the code that uses the path.
            guard lstat(place, &status) == 0 else { return }
            guard status.st_mode & S_IFMT == S_IFLNK else {
                folder.append(name)
                continue
            }
            try visit(.link(place, owner: status.st_uid))
            linkCount += 1
            guard linkCount <= mostLinks, let target = linkTarget(of: place) else { return }
            if target.hasPrefix("/") { folder = [] }
            rest += target.split(separator: "/").reversed()
        }
        try visit(.reached("/" + folder.joined(separator: "/")))
    }

    /// Whether only a user and root can rename or remove that user's entries in a folder.
    ///
    /// - Parameter userGroup: The user's own group, assumed to have no other members: many systems give each user one.
    static func isTrusted(owner: uid_t, group: gid_t, mode: mode_t, user: uid_t, userGroup: gid_t) -> Bool {
        guard owner == user || owner == 0 else { return false }
        // The sticky bit (chmod(2)).
        if mode & 0o1000 != 0 { return true }
        // A folder of root may have any group, since root chose the group: Debian's /var/local belongs to staff.
        return mode & 0o002 == 0 && (mode & 0o020 == 0 || group == userGroup || group == 0 || owner == 0)
    }

    private static func checkFolder(_ path: String, allowsSticky: Bool) throws(PrivateFile.Refusal) {
        // The owner of the root folder owns the system, for instance a container.
        guard path != "/" else { return }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
        let owner = isUnknownInNamespace(status.st_uid) ? geteuid() : status.st_uid
        let (group, mode) = (status.st_gid, status.st_mode)
        // Without the sticky bit, the others' rights count.
        let rights = allowsSticky ? mode : mode & ~0o1000
        guard isTrusted(owner: owner, group: group, mode: rights, user: geteuid(), userGroup: getegid()) else {
            let octal = "0" + String(mode & 0o7777, radix: 8)
            throw PrivateFile.Refusal(
                .notPrivate,
                "the folder '\(path)' above it belongs to user \(status.st_uid) and has mode \(octal): others could"
                    + " put something else in its place; choose a folder below one that only you and root can write to")
        }
    }

    private static func isOwn(_ owner: uid_t) -> Bool {
        owner == geteuid() || owner == 0 || isUnknownInNamespace(owner)
    }

    /// Whether an owner is unknown in this user namespace, as root outside of a user's container is.
    private static func isUnknownInNamespace(_ owner: uid_t) -> Bool {
        // Unknown owners have this number (user_namespaces(7)).
        guard owner == 65534, let map = KernelFile.text(of: "/proc/self/uid_map", limit: 256),
            let line = map.split(separator: "\n").first
        else { return false }
        // This map has every owner, as in the initial namespace.
        return line.split(separator: " ") != ["0", "0", "4294967295"]
    }
}
