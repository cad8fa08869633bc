import Glibc
public import Support

/// Unmounts without libfuse's session, from the serving process or another one.
public enum Unmounting {
    /// Unmounts a mount of twiliofs without accessing it, since it may be dead or hang.
    ///
    /// - Parameter isLazy: Whether it disappears at once despite open files.
    public static func unmount(_ path: String, isLazy: Bool) throws(FileSystemError) {
        let path = try resolve(path)
        let lock = PlaceLock(of: path)
        defer { lock.release() }
        guard let mount = MountTable.current.top(on: path) else {
            throw FileSystemError(.mountPoint, "nothing is mounted on '\(path)'")
        }
        try unmount(mount, isLazy: isLazy)
    }

    /// Unmounts one mount of twiliofs at once, although files may be open, and never another one in its place.
    ///
    /// It does nothing if that mount isn't there any more, or was moved with the folder that it is in.
    public static func unmount(_ mount: MountIdentity) throws(FileSystemError) {
        let lock = PlaceLock(of: mount.path)
        defer { lock.release() }
        try detach(mount)
    }

    /// Unmounts as ``unmount(_:)-(MountIdentity)`` does; the caller has locked the place.
    static func detach(_ mount: MountIdentity) throws(FileSystemError) {
        let table = MountTable.current
        guard let entry = table.entry(of: mount) else { return }
        guard table.top(on: entry.path) == entry else {
            throw FileSystemError(
                .mountPoint, "'\(entry.path)' can't be unmounted: another file system is mounted on top of it")
        }
        try unmount(entry, isLazy: true)
    }

    /// Unmounts the uppermost mount of a directory.
    private static func unmount(_ mount: MountTable.Entry, isLazy: Bool) throws(FileSystemError) {
        let path = mount.path
        guard mount.isOurs else {
            throw FileSystemError(.mountPoint, "'\(path)' is not a mount of twiliofs but of \(mount.type)")
        }
        if geteuid() == 0 {
            let result = isLazy ? try detachAsRoot(mount) : umount2(path, UMOUNT_NOFOLLOW)
            guard result == 0 else {
                throw errno == EBUSY ? busy(path) : refused(path, "\(SystemErrorCode.current)")
            }
        } else {
            // fusermount3 refuses this too, but with the same status as every error.
            if let owner = mount.owner, owner != getuid() {
                throw FileSystemError(
                    .mountPoint,
                    "'\(path)' was mounted by another user, with the ID \(owner): only that user and root can unmount it"
                )
            }
            try runHelper(path, isLazy: isLazy)
        }
    }

    /// Detaches a mount by a descriptor of its root, so that it is none other that its path leads to by then.
    ///
    /// Such a descriptor asks nothing of the mount, which may be dead.
    ///
    /// - Returns: -1 with `errno` after a failure.
    private static func detachAsRoot(_ mount: MountTable.Entry) throws(FileSystemError) -> Int32 {
        let root = open(mount.path, pathOnly | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { return -1 }
        defer { close(root) }
        // Its number can't be used again as long as the descriptor is open.
        guard let number = mountNumber(of: root) else { throw refused(mount.path, "/proc can't be read") }
        guard MountTable.current.entries.contains(where: { $0.id == number && $0.device == mount.device }) else {
            guard MountTable.current.entries.contains(where: { $0.device == mount.device }) else { return 0 }
            throw refused(mount.path, "something else was put in its place")
        }
        return umount2("/proc/self/fd/\(root)", MNT_DETACH)
    }

    /// The number in the table of mounts of the one in which a descriptor is (proc_pid_fdinfo(5)).
    private static func mountNumber(of descriptor: Int32) -> Int? {
        let text = KernelFile.text(of: "/proc/self/fdinfo/\(descriptor)") ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("mnt_id:") }
        return line?.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) }
    }

    /// O_PATH of open(2), which Swift doesn't import.
    private static let pathOnly: Int32 = 0o10000000

    /// The longest wait for the kernel to notice that a mount's process has ended.
    private static let patience = Duration.seconds(10)

    /// Unmounts a mount whose process has ended, unless another one is in its place.
    public static func removeDead(_ mount: MountIdentity) throws(FileSystemError) {
        let end = ContinuousClock.now + patience
        while let entry = MountTable.current.entry(of: mount), MountTable.current.top(on: entry.path) == entry {
            if MountState(of: entry) == .dead { return try unmount(mount) }
            // The descriptors of a process are closed one after the other.
            guard ContinuousClock.now < end else { return }
            usleep(20_000)
        }
    }

    private static let MNT_DETACH: Int32 = 2
    private static let UMOUNT_NOFOLLOW: Int32 = 8

    /// The absolute path, without accessing the directory itself, which may be a dead mount.
    static func resolve(_ path: String, linksLeft: Int = 40) throws(FileSystemError) -> String {
        guard !path.isEmpty else {
            throw FileSystemError(.mountPoint, "'' can't be found: \(SystemErrorCode(rawValue: ENOENT))")
        }
        // The current directory may be in the mount.
        var path = path.hasPrefix("/") ? path : "\(try MountFinder.currentDirectory())/\(path)"
        while path.count > 1, path.hasSuffix("/") || path.hasSuffix("/.") { path.removeLast() }
        if path.isEmpty { path = "/" }
        let separator = path.lastIndex(of: "/")
        let name = separator.map { String(path[path.index(after: $0)...]) } ?? path
        let folder = separator.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "/"
        // The mount is on a link's target; accessing the link itself is safe.
        if let target = linkTarget(of: path) {
            guard linksLeft > 0 else {
                throw FileSystemError(.mountPoint, "'\(path)' can't be found: \(SystemErrorCode(rawValue: ELOOP))")
            }
            return try resolve(target.hasPrefix("/") ? target : "\(folder)/\(target)", linksLeft: linksLeft - 1)
        }
        // ".." is not a name: only access to the directory resolves it.
        let isName = !name.isEmpty && name != ".."
        guard let resolved = realpath(isName ? folder : path, nil) else {
            throw FileSystemError(.mountPoint, "'\(path)' can't be found: \(SystemErrorCode.current)")
        }
        defer { free(resolved) }
        let absolute = String(cString: resolved)
        guard isName else { return absolute }
        return absolute == "/" ? "/\(name)" : "\(absolute)/\(name)"
    }

    /// Unmounts with fusermount3, for users other than root.
    private static func runHelper(_ path: String, isLazy: Bool) throws(FileSystemError) {
        let before = MountTable.current.stack(on: path).count
        let (end, sentence) = try MountHelper.run(["-u"] + (isLazy ? ["-z"] : []) + ["--", path])
        let isMounted = MountTable.current.stack(on: path).count >= before
        switch end {
        case .exited(0): return
        case nil where !isMounted: return
        case .exited where isMounted, nil:
            // The usual reason is that it is in use, which fusermount3 says in other words.
            if let sentence, !sentence.contains("\(SystemErrorCode(rawValue: EBUSY))") {
                throw refused(path, MountHelper.advised(sentence))
            }
            throw busy(path)
        case .exited(let status):
            throw refused(path, sentence ?? "fusermount3 ended with status \(status)")
        case .killed(let signal):
            throw refused(path, sentence ?? "fusermount3 was ended by signal \(signal)")
        }
    }

    private static func busy(_ path: String) -> FileSystemError {
        FileSystemError(
            .mountPoint,
            "'\(path)' is in use: close what is open in it ('fuser -vm \(path)' tells), or give --lazy")
    }

    private static func refused(_ path: String, _ reason: String) -> FileSystemError {
        FileSystemError(.refused, "'\(path)' can't be unmounted: \(reason)")
    }
}
