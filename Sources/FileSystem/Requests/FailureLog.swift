import FileTree
import Glibc
import Logging
import Threading

/// Counts the errors that requests are answered with, and logs those of which programs learn nothing but "input/output
/// error".
final class FailureLog: Sendable {
    private let tree: FileTree
    private let logger: Logger

    /// How often the kernel was answered with which error.
    let counts = ErrorCounts()
    private let isEnding = Locked(false)

    init(tree: FileTree, logger: Logger) {
        self.tree = tree
        self.logger = logger
    }

    /// From now on requests fail because the mount ends, which is no error.
    func end() {
        isEnding.withLock { $0 = true }
    }

    /// Takes note of the error that a request was answered with.
    ///
    /// - Parameters:
    ///   - program: the name of the program that asked.
    ///   - reason: the sentence that says why.
    ///   - cause: the error that says why, instead of a sentence.
    func note(
        _ error: ErrorNumber, of request: Request, by program: ForeignText?, reason: String, cause: (any Error)?
    ) {
        counts.count(error)
        guard error == .inputOutput else { return }
        var metadata: Logger.Metadata = [
            "operation": "\(request.operation.rawValue)", "inode": "\(request.inode.rawValue)",
            "errno": "\(error.name)",
            "pid": "\(request.threadID)",
        ]
        if let location = tree.location(of: request.inode) {
            let path = request.name.map { location.path == "." ? $0 : "\(location.path)/\($0)" } ?? location.path
            metadata["path"] = "\(ForeignText(path))"
            metadata["recording"] = location.recording.map { "\($0)" }
        }
        metadata["program"] = program.map { "\($0)" }
        let isExpected = isEnding.withLock { $0 } || cause?.isCancellation ?? false
        let level: Logger.Level = isExpected ? .debug : .error
        let failed = "\(request.operation.rawValue) failed"
        if let cause {
            logger.log(level: level, "\(failed)", error: cause, metadata: metadata)
        } else {
            logger.log(level: level, "\(failed): \(reason)", metadata: metadata)
        }
    }

    /// The name of the program to which a thread belongs; nil when it has ended, or lives in another namespace.
    static func program(_ threadID: pid_t) -> ForeignText? {
        guard threadID > 0, let file = fopen("/proc/\(threadID)/comm", "re") else { return nil }
        defer { fclose(file) }
        // At most 15 bytes and a newline (proc_pid_comm(5)), which any program may choose.
        var name = [UInt8](repeating: 0, count: 64)
        let count = fread(&name, 1, name.count, file)
        return ForeignText(utf8: name.prefix(count).prefix { $0 != UInt8(ascii: "\n") })
    }
}
