import CLinux
import Credentials
import Glibc
import Support

/// The user whom a mount becomes after root has mounted: that of `--user`.
///
/// While the parts of the mount are built, the process has this user's rights, and may become root again for the mount
/// itself. Afterwards it can't any more.
struct ServingUser: Sendable {
    /// The name in the system's list of users.
    let name: String
    let user: uid_t
    let group: gid_t
    /// The home folder.
    let home: String

    /// Finds a user by name or number.
    init(_ text: String) throws(Failure) {
        let entry = getpwnam(text) ?? uid_t(text).flatMap { getpwuid($0) }
        guard let entry else {
            throw Failure(.configuration, "there is no user '\(text)': give one of /etc/passwd with --user")
        }
        name = String(cString: entry.pointee.pw_name)
        (user, group) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
        home = entry.pointee.pw_dir.map { String(cString: $0) } ?? "/nonexistent"
        guard user != 0 else { throw Failure(.configuration, "'--user \(text)' is root: name another user") }
    }

    /// Finds the user of `--user`, which only root can give.
    static func chosen(_ text: String?) throws(Failure) -> ServingUser? {
        guard let text else { return nil }
        let user = try ServingUser(text)
        guard geteuid() == 0 else {
            throw Failure(
                .configuration,
                "only root can give --user: leave it out, or mount as root, as with 'sudo twiliofs mount'")
        }
        return user
    }

    /// Makes a cache folder that is missing, and gives it to this user.
    ///
    /// - Parameter path: The folder that the command line names, if it does. Its parent has to exist.
    func takeCacheFolder(_ path: String?) throws(Failure) {
        guard let path else { return }
        let folder = CacheFolder.absolute(path)
        try CacheFolder.checkWay(to: folder)
        // This user makes what root can't, or says why not.
        guard mkdir(folder, 0o700) == 0 else { return }
        guard lchown(folder, user, group) == 0 else {
            throw Failure(
                .cache, "the cache folder '\(folder)' can't be given to '\(name)': \(SystemErrorCode.current)")
        }
    }

    /// Gives all threads this user's rights; ``asRoot(_:)`` still works.
    func begin() throws(Failure) {
        guard twiliofs_take_groups_of(name, group) == 0, twiliofs_set_groups(group, group, group) == 0,
            twiliofs_set_users(user, user, 0) == 0
        else { throw Failure(.other, "the process can't become the user '\(name)': \(SystemErrorCode.current)") }
        // The kernel has allowed dumps again.
        try ProcessSecrecy.begin()
    }

    /// Runs code as root, in the calling thread and those that it starts; as this user's own, the mount is this user's.
    ///
    /// - Parameter entirely: Whether this user isn't even the thread's real one, for a program that is to be root's.
    func asRoot<Value>(entirely: Bool = false, _ body: () throws -> Value) throws -> Value {
        // In two steps: only root may change the real user.
        guard twiliofs_set_thread_users(user, 0, 0) == 0, !entirely || twiliofs_set_thread_users(0, 0, 0) == 0 else {
            throw Failure(.other, "the process can't become root again: \(SystemErrorCode.current)")
        }
        defer { _ = twiliofs_set_thread_users(user, user, 0) }
        return try body()
    }

    /// Gives up root in all threads, for good.
    func finish() throws(Failure) {
        guard twiliofs_set_users(user, user, user) == 0, twiliofs_set_thread_users(uid_t.max, 0, uid_t.max) != 0,
            getuid() == user, geteuid() == user, getgid() == group, getegid() == group
        else { throw Failure(.other, "the process can't give up root: \(SystemErrorCode.current)") }
        try ProcessSecrecy.begin()
    }

    /// Opens a file as root if only root can put another in its place, and otherwise as this user.
    ///
    /// Otherwise the user could have a link in the way of the file lead to one that only root may open. In a folder
    /// with the sticky bit, everybody can put a file there that has no name yet: what is root's there is opened as
    /// root, and anything else as this user.
    ///
    /// - Parameter body: Opens the file; returns a descriptor, or -1 with `errno`.
    func opening<Reason: Error>(_ path: String, _ body: () throws(Reason) -> Int32) throws(Reason) -> Int32 {
        switch Self.trust(in: path) {
        case .none: return try asUser(body)
        case .full: return try body()
        case .files:
            let descriptor = try body()
            var file = stat()
            guard descriptor >= 0, fstat(descriptor, &file) != 0 || file.st_uid != 0 else { return descriptor }
            close(descriptor)
            return try asUser(body)
        }
    }

    /// Finds the stamp of a file, as ``opening(_:_:)`` opens it.
    func stamp(of path: String) -> FileStamp? {
        Self.trust(in: path) == .none ? asUser { FileStamp(of: path) } : FileStamp(of: path)
    }

    /// How far root can trust a path.
    private enum Trust {
        /// Another user can put something else in its place.
        case none
        /// Everybody can put a file there that is missing, since a folder has the sticky bit.
        case files
        case full
    }

    private static func trust(in path: String) -> Trust {
        if (try? TrustedPath.check(path, allowsSticky: false)) != nil { return .full }
        return (try? TrustedPath.check(path)) != nil ? .files : .none
    }

    private func asUser<Value, Reason: Error>(_ body: () throws(Reason) -> Value) throws(Reason) -> Value {
        var groups = [gid_t](repeating: 0, count: 65536)
        let count = getgroups(Int32(groups.count), &groups)
        let formerGroup = getegid()
        guard count >= 0, twiliofs_take_groups_of(name, group) == 0, setegid(group) == 0, seteuid(user) == 0 else {
            // Nothing may be opened with root's rights instead.
            _exit(1)
        }
        defer {
            let error = errno
            if seteuid(0) != 0 || setegid(formerGroup) != 0 || setgroups(Int(count), groups) != 0 { _exit(1) }
            errno = error
        }
        return try body()
    }
}
