import CLinux
import FoundationEssentials
import Glibc
import Logging
import Support

/// Puts a new mount in its place, in which there may be others of twiliofs.
///
/// A mount that others were on would vanish with them, and one that is unmounted first leaves an empty directory for a
/// moment, which a backup would take for an empty account. So root mounts in a folder of its own, puts a copy of the
/// mount beneath the one that is there, and detaches the upper one. Each lookup leads to the one or the other. Open
/// files stay with their mount, whose process serves them until they are closed.
///
/// Users can't do that: their dead mounts are detached first.
final class MountPlacement {
    /// The directory on which libfuse is to mount.
    let path: String
    private let target: String
    private let logger: Logger
    /// Keeps other processes of this program from the place.
    private let lock: PlaceLock
    /// The mount beneath which the new one is to be put, and its state; nil where nothing is mounted.
    private let replaced: (mount: MountIdentity, state: MountState)?
    private let stateFinder: MountState.Finder

    /// The root of the mount that isn't in its place yet; -1 without any.
    private var copy: Int32 = -1

    /// The longest wait for the new mount's first answer.
    private static let patience = Duration.seconds(10)

    /// Claims a place, from which a user's dead mounts are removed at once.
    ///
    /// - Parameters:
    ///   - predecessor: The mount that was there when the place was checked.
    ///   - source: The new mount's.
    init(
        on target: String, predecessor: Predecessor?, source: String, logger: Logger
    ) throws(FileSystemError) {
        self.target = target
        self.logger = logger
        let stateFinder = predecessor?.stateFinder ?? MountState.find
        self.stateFinder = stateFinder
        lock = PlaceLock(of: target)
        // It may have changed since it was checked.
        guard var mount = MountTable.current.top(on: target) else {
            if let predecessor { _ = try MountPoint.checkDirectory(target, allowsContents: predecessor.allowsContents) }
            (replaced, path) = (nil, target)
            return
        }
        var state = try Self.check(mount, predecessor, source: source, stateFinder)
        if geteuid() != 0 {
            try Self.removeDead(from: target, stateFinder)
            logger.notice("removed the mount on \(target), whose process had died")
            _ = try MountPoint.checkDirectory(target, allowsContents: predecessor?.allowsContents ?? false)
            (replaced, path) = (nil, target)
            return
        }
        // Of several dead ones, the last is replaced. A living one may come to light.
        while state == .dead {
            let stack = MountTable.current.stack(on: target)
            guard stack.count > 1, stack.last == mount, stack[stack.count - 2].isOurs else { break }
            try Unmounting.detach(mount.identity)
            mount = stack[stack.count - 2]
            state = try Self.check(mount, predecessor, source: source, stateFinder)
        }
        replaced = (mount.identity, state)
        path = try Self.makeFolder()
    }

    /// Takes the mount out of its folder; until it is in its place, it vanishes with the process.
    func hold() throws(FileSystemError) {
        guard replaced != nil else { return }
        copy = twiliofs_copy_mount(path)
        let error = SystemErrorCode.current
        abandonFolder()
        guard copy >= 0 else { throw refused("the new mount can't be moved: \(error)") }
    }

    deinit { if copy >= 0 { close(copy) } }

    /// Puts the mount on its place, once it answers.
    func settle() throws(FileSystemError) {
        guard let replaced else { return }
        guard MountState(ofRoot: copy, patience: Self.patience) == .answering else {
            throw refused("the new mount doesn't answer")
        }
        let top = MountTable.current.top(on: target)
        guard top == nil || top?.identity == replaced.mount else {
            throw .mountPoint(target, "is busy: a file system was mounted there meanwhile")
        }
        if top == nil {
            // It was unmounted meanwhile.
            try putOnDirectory()
        } else if twiliofs_put_mount(copy, target, 1) == 0 {
            // That one alone: if it was unmounted in this moment, the new one is the uppermost.
            try Unmounting.detach(replaced.mount)
        } else if replaced.state == .dead {
            logger.debug("the kernel can't put a mount beneath another: \(SystemErrorCode.current)")
            try Self.removeDead(from: target, stateFinder)
            try putOnDirectory()
        } else {
            throw .mountPoint(
                target,
                "can't be taken over by --replace: this kernel can't put a mount beneath another, as Linux 6.5 and later"
                    + " can (\(SystemErrorCode.current)); run 'twiliofs unmount --lazy \(target)' first")
        }
        logger.notice(
            replaced.state == .dead
                ? "removed the mount on \(target), whose process had died" : "replaced the mount on \(target)")
    }

    private func putOnDirectory() throws(FileSystemError) {
        guard twiliofs_put_mount(copy, target, 0) == 0 else { throw refused("\(SystemErrorCode.current)") }
    }

    /// Lets other processes of this program use the place.
    func release() { lock.release() }

    /// Removes the folder for the mount, and the mount from it.
    func abandonFolder() {
        guard replaced != nil else { return }
        if let mount = MountTable.current.top(on: path) { try? Unmounting.detach(mount.identity) }
        rmdir(path)
    }

    private func refused(_ reason: String) -> FileSystemError {
        FileSystemError(.refused, "'\(target)' can't be mounted: \(reason)")
    }

    /// Checks that the mount in the place may go; returns its state.
    private static func check(
        _ mount: MountTable.Entry, _ predecessor: Predecessor?, source: String, _ stateFinder: MountState.Finder
    ) throws(FileSystemError) -> MountState {
        let busy = FileSystemError.mountPoint(
            mount.path, "is busy: a file system (\(mount.type)) was mounted there meanwhile")
        guard mount.isOurs else { throw busy }
        // As libfuse, which has the mount be the real user's.
        try Predecessor.checkOwner(of: mount, isUser: getuid())
        let state = stateFinder(mount.path)
        if state == .dead { return state }
        guard let predecessor, !predecessor.isDead else { throw busy }
        guard mount.source == source else {
            throw FileSystemError.mountPoint(
                mount.path,
                "has a mount of another account (\(mount.source)), which --replace doesn't take over: unmount it, or"
                    + " choose another directory")
        }
        return state
    }

    /// Removes the dead mounts of this program and user from a place, from the uppermost down to another one.
    private static func removeDead(
        from target: String, _ stateFinder: MountState.Finder
    ) throws(FileSystemError) {
        while let top = MountTable.current.top(on: target), top.isOurs, stateFinder(target) == .dead {
            try Unmounting.detach(top.identity)
        }
    }

    private static func makeFolder() throws(FileSystemError) -> String {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/twiliofs-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FileSystemError(
                .refused, "a folder for temporary files can't be made: \(SystemErrorCode.current)")
        }
        // The table of mounts has the path without links.
        guard let folder = realpath(template, nil) else {
            throw FileSystemError(
                .refused, "a folder for temporary files can't be found: \(SystemErrorCode.current)")
        }
        defer { free(folder) }
        return String(cString: folder)
    }
}
