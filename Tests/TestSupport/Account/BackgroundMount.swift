import Foundation
import Glibc

/// An account that is mounted in the background: `twiliofs mount` has returned, and another process serves the mount.
///
/// It is unmounted with the last reference.
public final class BackgroundMount: Sendable {
    /// Where it is mounted.
    public let path: String

    /// The process that serves the mount.
    public let processID: Int32

    /// The result of `twiliofs mount`.
    public let result: CommandResult

    /// The parent of mount point and cache folder.
    public let folder: TemporaryFolder

    /// Mounts; the mount answers when this returns.
    ///
    /// - Parameters:
    ///   - wrapper: the words before `twiliofs`, a command that runs its arguments.
    ///   - options: further options of `twiliofs mount`.
    ///   - environment: further variables.
    /// - Throws: ``CommandError`` when it isn't mounted within twenty seconds.
    public init(
        _ account: SimulatedAccount, wrapper: [String] = [], options: [String] = ["--no-key"],
        environment: [String: String] = [:]
    ) throws {
        folder = try TemporaryFolder()
        path = try folder.folder("mount")
        result = try Command.run(
            wrapper
                + [
                    BuiltPrograms.twiliofs, "mount", "--cache-dir", folder.path("cache"), "--log-file",
                    folder.path("log"),
                ] + MountedAccount.withLogLevel(options) + [path],
            adding: MountedAccount.environment(account).merging(environment) { $1 }, startsSession: true, seconds: 20)
        let processes = try Command.run(["pgrep", "-f", "twiliofs mount.*\(folder.url.path)"]).lines.compactMap(
            Int32.init)
        guard result.end == .exited(0), processes.count == 1, let process = processes.first else {
            umount2(path, 2 /* MNT_DETACH */)
            throw CommandError("the account can't be mounted: \(result.end), \(processes), \(result.errorText)")
        }
        processID = process
    }

    deinit {
        if MountedAccount.isMounted(path) { umount2(path, 2 /* MNT_DETACH */) }
        if !eventually(within: 10, { hasEnded }) { kill(processID, SIGKILL) }
    }

    /// The contents of its log file.
    public var log: String { (try? String(contentsOfFile: folder.path("log"), encoding: .utf8)) ?? "" }

    /// Sends a signal to the serving process.
    public func send(_ signal: Int32) {
        kill(processID, signal)
    }

    /// Whether the serving process has ended.
    public var hasEnded: Bool { kill(processID, 0) != 0 }

    /// Whether the mount answers, and lists recordings.
    public var answers: Bool {
        get throws { try !Command.require(["ls", path + "/recordings"], seconds: 20).lines.isEmpty }
    }

    /// The targets of the serving process's descriptors, by number.
    public var descriptors: [Int: String] {
        get throws {
            let found = ProcessFiles(processID).descriptors
            // 0 to 2 are always open: without them the folder couldn't be read, and proves nothing.
            guard found[0] != nil else { throw CommandError("the descriptors of \(processID) can't be read") }
            return found
        }
    }
}
