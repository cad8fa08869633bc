import FileTree
import Glibc
import Logging
import Support

/// Counts and measures requests, and logs errors whose reason programs don't learn.
///
/// These are input/output errors, deleted recordings and missing keys.
final class FailureLog: Sendable {
    private let tree: FileTree
    private let logger: Logger
    /// The counters of errors and the timers of requests.
    let metrics: RequestMetrics
    private let isEnding = Locked(false)

    init(tree: FileTree, metrics: RequestMetrics, logger: Logger) {
        self.tree = tree
        self.metrics = metrics
        self.logger = logger
    }

    /// Notes that the mount ends: later failures are no errors.
    func end() { isEnding.withLock { $0 = true } }

    /// Finds the program of a request that still waits; nil if the error isn't logged.
    func program(_ threadID: pid_t, toBeTold error: ErrorAnswer) -> AskingProgram? {
        guard let level = error.level, logger.logLevel <= level else { return nil }
        return AskingProgram(threadID: threadID)
    }

    /// Counts and logs a request's error.
    ///
    /// - Parameters:
    ///   - program: The request's program; nil if unknown.
    ///   - reason: The reason as a sentence.
    ///   - cause: The reason as an error, instead of a sentence.
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
