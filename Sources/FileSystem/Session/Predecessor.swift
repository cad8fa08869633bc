import CFUSE
import CLinux
import Glibc
import Support

/// A mount of twiliofs that is on the mount point, and of which a new one takes the place.
public struct Predecessor: Sendable {
    /// Whether its process has died; otherwise it is to be replaced.
    let isDead: Bool
    /// Whether the directory below may have contents.
    let allowsContents: Bool
    /// Finds the state of mounts.
    let stateFinder: MountState.Finder

    /// Checks that a mount may go.
    ///
    /// - Parameters:
    ///   - replaces: Whether a living one is to be replaced.
    ///   - user: The user whose the new one will be.
    init(
        _ mount: MountTable.Entry, allowsContents: Bool, replaces: Bool, user: uid_t,
        stateFinder: @escaping MountState.Finder
    ) throws(FileSystemError) {
        self.allowsContents = allowsContents
        self.stateFinder = stateFinder
        try Self.checkOwner(of: mount, isUser: user)
        isDead = stateFinder(mount.path) == .dead
        if isDead { return }
        guard replaces else {
            throw FileSystemError.mountPoint(
                mount.path,
                "is busy: a mount of twiliofs is there already; unmount it, choose another directory, or give --replace"
                    + " to take it over")
        }
        guard geteuid() == 0 else {
            throw FileSystemError.mountPoint(
                mount.path,
                "can't be taken over by --replace: only root can put one mount in the place of another without a moment"
                    + " when the directory is empty; run 'twiliofs unmount --lazy \(mount.path)' first")
        }
    }

    /// The sentence for the user once the new mount is there.
    public func sentence(on path: String) -> String {
        isDead
            ? "the mount on '\(path)', whose process had died, was removed"
            : "the mount on '\(path)' was replaced; its process ends when the files that are open in it are closed"
    }

    /// Checks that a mount of twiliofs is a user's.
    static func checkOwner(of mount: MountTable.Entry, isUser user: uid_t) throws(FileSystemError) {
        guard let owner = mount.owner, owner != user else { return }
        throw FileSystemError.mountPoint(
            mount.path,
            "is busy: another user, with the ID \(owner), has mounted an account there; that user has to unmount it, or"
                + " root with 'twiliofs unmount'")
    }
}

/// The state of a mounted file system: its reaction to a request for its statistics, which needs no network.
public enum MountState: Sendable {
    /// It answers.
    case answering
    /// Nobody serves it any more.
    case dead
    /// It doesn't answer in time.
    case silent

    /// Finds the state of the mount at a path.
    public typealias Finder = @Sendable (_ path: String) -> MountState

    /// Finds it in this process.
    public static let find: Finder = { MountState(of: $0) }

    /// The longest wait for an answer; for a dead mount the kernel answers at once.
    private static let patience = Duration.seconds(1)

    /// Asks the mount at a path on a thread, which is abandoned if there is no answer.
    ///
    /// The question isn't for attributes, which the kernel keeps when the process has died. An abandoned thread can't
    /// be interrupted, so a process that is to be confined has another one ask.
    public init(of path: String) {
        self.init(Self.patience) { statvfs(path, &$0) }
    }

    /// Asks a mount of any user's, which root can do for each: see ``init(ofRoot:patience:)``.
    init(of mount: MountTable.Entry) {
        self.init(Self.patience) { status in
            if geteuid() == 0, let owner = mount.owner, let group = mount.group {
                guard twiliofs_set_thread_groups(group, group, group) == 0,
                    twiliofs_set_thread_users(owner, owner, owner) == 0
                else { return -1 }
            }
            return statvfs(mount.path, &status)
        }
    }

    /// Asks a mount that isn't in the tree of directories, by a descriptor of its root.
    ///
    /// The kernel answers by itself, whatever the mount's state is, unless each ID of the asking thread is the user's
    /// whose the mount is: the one who this process really is, although it may be root for mounting.
    init(ofRoot descriptor: Int32, patience: Duration) {
        self.init(patience) { status in
            let user = getuid()
            guard twiliofs_set_thread_users(user, user, user) == 0 else { return -1 }
            return fstatvfs(descriptor, &status)
        }
    }

    /// Asks the mount at a path in this thread, however long it takes.
    ///
    /// See ``init(ofRoot:patience:)`` for who can ask.
    public init(asking path: String) {
        var statistics = statvfs()
        self.init(error: statvfs(path, &statistics) == 0 ? 0 : errno)
    }

    private init(_ patience: Duration, ask: @escaping @Sendable (inout statvfs) -> Int32) {
        let answer = Condition<Int32?>(nil)
        let thread = try? NamedThread(name: "mount-state") {
            var statistics = statvfs()
            let result = ask(&statistics) == 0 ? 0 : errno
            answer.change { $0 = result }
        }
        guard thread != nil, let error = answer.wait(timeout: patience, until: { $0 }) else {
            self = .silent
            return
        }
        self.init(error: error)
    }

    /// The state that an `errno` tells.
    private init(error: Int32) {
        // The second one is that of a connection that was aborted by its control file.
        self = error == ENOTCONN || error == ECONNABORTED ? .dead : .answering
    }
}
