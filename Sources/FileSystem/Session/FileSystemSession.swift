import CFUSE
import CLinux
public import FileTree
import Glibc
public import Logging
import Media
public import Support

/// A mounted file system, from mounting to unmounting.
public final class FileSystemSession: Sendable {
    /// The largest read that the kernel sends in one request, in bytes.
    static let largestRead = MediaReader.largestRead

    /// Unmounts one mount at once, although files may be open; does nothing if it isn't there any more.
    public typealias Unmounter = @Sendable (MountIdentity) throws(FileSystemError) -> Void

    private struct State {
        var handle: SessionHandle?
        var threads: [NamedThread] = []
    }

    private let state = Locked(State())
    private let context: OperationContext
    private let unmounter: Unmounter
    private let logger: Logger

    private struct Progress {
        var threadCount = 0
        var isDetached = false
        /// Why it couldn't be unmounted.
        var failure: FileSystemError?
    }

    private let progress = Condition(Progress())
    private let mountPoint: String
    /// What tells the mount from others in its place; nil if unknown.
    public let identity: MountIdentity?

    /// Mounts a tree, and serves its requests from now on.
    ///
    /// - Parameters:
    ///   - kernel: A connection without another session; the tree reports changes to it.
    ///   - mountPoint: An absolute path, checked by ``MountPoint``.
    ///   - options: Mount options in the spelling of `mount -o`, besides the fixed ones.
    ///   - threadCount: The number of threads that serve requests.
    ///   - predecessor: The mount in whose place the new one is put.
    ///   - unmounter: Unmounts when the mount ends.
    /// - Throws: ``FileSystemError``, or ``SystemError`` if the system has no thread left.
    public init(
        tree: FileTree, kernel: KernelConnection, mountPoint: String, source: String, options: [String],
        threadCount: Int, predecessor: Predecessor? = nil, unmounter: @escaping Unmounter, logger: Logger
    ) throws {
        self.logger = logger
        self.unmounter = unmounter
        self.mountPoint = mountPoint
        let context = OperationContext(tree: tree, kernel: kernel, logger: logger)
        self.context = context
        let placement = try MountPlacement(on: mountPoint, predecessor: predecessor, source: source, logger: logger)
        let handle: SessionHandle
        do {
            handle = try Self.mount(placement.path, source: source, options: options, context: context)
        } catch {
            placement.abandonFolder()
            throw error
        }
        let device = MountTable.current.top(on: placement.path)?.device
        identity = device.map { MountIdentity(path: mountPoint, device: $0) }
        state.withLock { $0.handle = handle }
        do {
            try placement.hold()
            context.kernel.notices.attach(handle)
            try serve(handle, threadCount: threadCount)
            if let device { KernelReadAhead.raise(forDevice: device, logger: logger) }
            try placement.settle()
            try watchPlace()
        } catch {
            // The unmounter locks the place itself.
            placement.release()
            unmount()
            finish()
            throw error
        }
        LibraryMessages.forward(to: logger)
    }

    /// Waits until the file system is unmounted, by ``unmount()`` or from outside.
    ///
    /// After ``unmount()``, some threads may still wait for requests of open files.
    ///
    /// - Throws: The reason why it couldn't be unmounted: its place keeps a mount that is dead once the process ends.
    public func wait() throws(FileSystemError) {
        let failure = progress.waitWithoutEnd { progress -> FileSystemError?? in
            if progress.threadCount == 0 { return .some(nil) }
            return progress.isDetached ? .some(progress.failure) : nil
        }
        if let failure { throw failure }
    }

    /// Whether the file system is still mounted.
    ///
    /// The threads learn of an unmount from outside a little later than the table of mounts shows it.
    public var isMounted: Bool {
        progress.changeQuietly { $0.threadCount > 0 && !$0.isDetached }
            && MountTable.current.stack(on: mountPoint).contains { $0.device == identity?.device }
    }

    /// Removes the file system from the tree of directories.
    ///
    /// Open files stay readable until the process ends. libfuse's own function isn't an option: it first closes the
    /// descriptor, which threads still read and write. Another file may get the descriptor's number meanwhile, and the
    /// threads would write into that file.
    public func unmount() {
        guard state.withLock({ $0.handle }) != nil else { return }
        context.failures.end()
        // Another program may have unmounted it before, and another mount may have taken its place.
        guard let identity, MountTable.current.entry(of: identity) != nil else {
            logger.debug("\(mountPoint) is not mounted any more")
            return progress.change { $0.isDetached = true }
        }
        do throws(FileSystemError) {
            try unmounter(identity)
            progress.change { $0.isDetached = true }
        } catch {
            // A dead mount stays for the user to unmount.
            logger.error("unmounting failed", error: error)
            progress.change { progress in
                progress.isDetached = true
                progress.failure = error
            }
        }
    }

    /// Logs it when another mount of twiliofs takes the place of this one.
    ///
    /// A thread of its own waits for changes of the table of mounts; it ends with the mount.
    private func watchPlace() throws(SystemError) {
        guard let device = identity?.device else { return }
        let descriptor = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        let (path, logger, progress) = (mountPoint, logger, progress)
        do throws(SystemError) {
            _ = try NamedThread(name: "place") {
                defer { close(descriptor) }
                Self.becomeRealUser()
                // The kernel reports a change as an exceptional condition (proc_pid_mountinfo(5)).
                var table = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
                while true {
                    let stack = MountTable.current.stack(on: path)
                    guard stack.contains(where: { $0.device == device }) else { break }
                    guard poll(&table, 1, -1) >= 0 || errno == EINTR else { return }
                }
                let isOwnEnd = progress.changeQuietly { $0.isDetached }
                guard !isOwnEnd, MountTable.current.top(on: path)?.isOurs == true else { return }
                logger.notice(
                    """
                    another mount has taken the place of this one on \(path): this process ends when the files that \
                    are open in it are closed
                    """)
            }
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Fails the waiting requests, and ends the threads.
    ///
    /// Open files can't be read any more once the process has ended.
    public func finish() {
        context.failures.end()
        context.kernel.pending.shutDown()
        let areFailuresLogged = context.failures.finish()
        context.kernel.notices.attach(nil)
        let (handle, threads) = state.withLock { state in
            defer { state = State() }
            return (state.handle, state.threads)
        }
        guard let handle else { return }
        // A remaining thread waits for a request of an open file and can't be woken. The end of the process ends it, so
        // neither the thread nor libfuse's session may be waited for.
        guard progress.waitUntil(timeout: .milliseconds(100), { $0.threadCount == 0 }) else { return }
        for thread in threads { thread.join() }
        // Nothing delays a notice once the kernel has released the mount.
        context.kernel.notices.shutDown()
        if areFailuresLogged { context.kernel.failureWorker.shutDown() }
        // No thread uses the descriptor any more.
        fuse_session_unmount(handle.session)
        fuse_session_destroy(handle.session)
    }

    private static func mount(
        _ mountPoint: String, source: String, options: [String], context: OperationContext
    ) throws(FileSystemError) -> SessionHandle {
        var options = options
        options += [
            "ro", "nosuid", "nodev", "noexec", "default_permissions", "subtype=twiliofs", "fsname=\(source)",
            "max_read=\(largestRead)",
        ]
        var arguments = fuse_args()
        defer { fuse_opt_free_args(&arguments) }
        for argument in ["twiliofs", "-o", options.joined(separator: ",")] {
            guard fuse_opt_add_arg(&arguments, argument) == 0 else { throw FileSystemError(.refused, "out of memory") }
        }
        LibraryMessages.capture()
        var operations = fuse_lowlevel_ops.twiliofs
        // Unretained: this object owns both, and the context outlives the session.
        let session = twiliofs_fuse_session_new(
            &arguments, &operations, MemoryLayout<fuse_lowlevel_ops>.size,
            Unmanaged.passUnretained(context).toOpaque())
        guard let session else {
            throw FileSystemError(
                .option,
                LibraryMessages.last.map { "a mount option is refused: \($0)" }
                    ?? "libfuse refuses the options '\(options.joined(separator: ","))'")
        }
        let (result, sentence) = MountHelper.listening { fuse_session_mount(session, mountPoint) }
        guard result == 0 else {
            fuse_session_destroy(session)
            guard let reason = sentence ?? LibraryMessages.last else {
                throw FileSystemError(.refused, "'\(mountPoint)' can't be mounted")
            }
            throw FileSystemError(
                MountHelper.code(of: reason), "'\(mountPoint)' can't be mounted: \(MountHelper.advised(reason))")
        }
        return SessionHandle(session: session)
    }

    /// Starts the threads.
    ///
    /// libfuse's loop with several threads isn't clean under ThreadSanitizer; this loop is, and is as fast.
    private func serve(_ handle: SessionHandle, threadCount: Int) throws(SystemError) {
        let progress = progress
        for number in 0..<max(2, threadCount) {
            // Counted before the start, so that the count isn't zero too early.
            progress.change { $0.threadCount += 1 }
            let thread = try startThread(name: "fuse-\(number)") {
                Self.becomeRealUser()
                var buffer = fuse_buf()
                while fuse_session_exited(handle.session) == 0 {
                    let result = fuse_session_receive_buf(handle.session, &buffer)
                    if result == -EINTR { continue }
                    // 0 means that the file system is unmounted.
                    guard result > 0 else { break }
                    fuse_session_process_buf(handle.session, &buffer)
                }
                free(buffer.mem)
                progress.change { $0.threadCount -= 1 }
            }
            state.withLock { $0.threads.append(thread) }
        }
    }

    /// Has the calling thread give up root, which the one that mounts may be for that alone.
    private static func becomeRealUser() {
        guard geteuid() != getuid() else { return }
        _ = twiliofs_set_thread_users(uid_t.max, getuid(), uid_t.max)
    }

    /// Starts one thread; subtracts it from the count if that fails.
    private func startThread(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) -> NamedThread {
        do throws(SystemError) {
            return try NamedThread(name: name, body)
        } catch {
            progress.change { $0.threadCount -= 1 }
            throw error
        }
    }
}
