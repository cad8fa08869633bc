import FileTree
import Glibc
import Logging
import Support

/// Counts and measures requests, and logs those whose reason programs don't learn: an input/output error, a recording
/// that has gone, a key that isn't held.
final class FailureLog: Sendable {
    private let tree: FileTree
    private let logger: Logger

    /// Counts the errors that requests are answered with, and measures the requests.
    let metrics: RequestMetrics
    private let isEnding = Locked(false)

    init(tree: FileTree, metrics: RequestMetrics, logger: Logger) {
        self.tree = tree
        self.metrics = metrics
        self.logger = logger
    }

    /// From now on requests fail because the mount ends, which is no error.
    func end() {
        isEnding.withLock { $0 = true }
    }

    /// Finds out who has sent a request, while it waits for its answer and is there to be named.
    ///
    /// - Returns: nil when the error isn't logged.
    func program(_ threadID: pid_t, toBeTold error: ErrorAnswer) -> AskingProgram? {
        guard let level = error.level, logger.logLevel <= level else { return nil }
        return AskingProgram(threadID: threadID)
    }

    /// Takes note of the error that a request was answered with.
    ///
    /// - Parameters:
    ///   - program: the one that asked; nil where that wasn't found out.
    ///   - reason: the sentence that says why.
    ///   - cause: the error that says why, instead of a sentence.
    func note(
        _ error: ErrorAnswer, of request: Request, by program: AskingProgram?, reason: String, cause: (any Error)?
    ) {
        metrics.count(error.number)
        guard let usual = error.level else { return }
        let isExpected = isEnding.withLock { $0 } || cause?.isCancellation ?? false
        let level = isExpected ? .debug : usual
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "operation": "\(request.operation.name)", "inode": .stringConvertible(request.inode.rawValue),
            "errno": "\(error.number.name)", "pid": .stringConvertible(program?.processID ?? request.threadID),
        ]
        if let location = tree.location(of: request.inode) {
            let path = request.name.map { location.path == "." ? $0 : "\(location.path)/\($0)" } ?? location.path
            metadata["path"] = "\(ForeignText(path))"
            metadata["recording"] = location.recording.map { "\($0)" }
        }
        metadata["program"] = program?.name.map { "\($0)" }
        let failed = "\(request.operation.name) failed"
        if let cause {
            logger.log(level: level, "\(failed)", error: cause, metadata: metadata)
        } else {
            logger.log(level: level, "\(failed): \(reason)", metadata: metadata)
        }
    }
}
