import FileTree
import Glibc
import Logging
import Support

/// What the log tells of a request that has failed.
struct FailedRequest: Sendable {
    let operation: Operation
    /// The requested node, or the parent of the name.
    let inode: InodeNumber
    /// The name to look up; nil for other operations.
    let name: String?
    /// The waiting thread.
    let threadID: pid_t
}

/// Counts and measures requests, and logs errors whose reason programs don't learn.
///
/// These are input/output errors, deleted recordings and missing keys. A worker writes the lines: the path of a node is
/// read from the catalog, whose disk may hang, and the thread that has answered a request has others to answer.
final class FailureLog: Sendable {
    /// The lines that may wait for the worker; more are written at once, without the path.
    static let limit = 1000

    private let worker: WorkerPool
    private let locator: @Sendable (InodeNumber) -> FileTree.Locator?
    private let logger: Logger
    /// The counters of errors and the timers of requests.
    let metrics: RequestMetrics
    private let isEnding = Locked(false)
    /// The number of lines that wait for the worker.
    private let waiting = Condition(0)

    /// - Parameters:
    ///   - worker: Has one thread, so that lines are in order.
    ///   - locator: Makes the locator of a node.
    init(
        worker: WorkerPool, metrics: RequestMetrics, logger: Logger,
        locator: @escaping @Sendable (InodeNumber) -> FileTree.Locator?
    ) {
        self.worker = worker
        self.metrics = metrics
        self.logger = logger
        self.locator = locator
    }

    /// Waits until the lines are written; false if the disk hangs.
    func finish() -> Bool { waiting.waitUntil(timeout: .seconds(2)) { $0 == 0 } }

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
        _ error: ErrorAnswer, of request: FailedRequest, by program: AskingProgram?, reason: String,
        cause: (any Error)?
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
        metadata["program"] = program?.name.map { "\($0)" }
        let failed = "\(request.operation.name) failed"
        let write: @Sendable (FileTree.Locator?) -> Void = { [logger, metadata] locate in
            var metadata = metadata
            if let location = locate?() {
                let path = request.name.map { location.path == "." ? $0 : "\(location.path)/\($0)" }
                metadata["path"] = "\(ForeignText(path ?? location.path))"
                metadata["recording"] = location.recording.map { "\($0)" }
            }
            if let cause {
                logger.log(level: level, "\(failed)", error: cause, metadata: metadata)
            } else {
                logger.log(level: level, "\(failed): \(reason)", metadata: metadata)
            }
        }
        let isQueued = waiting.change { waiting in
            guard waiting < Self.limit else { return false }
            waiting += 1
            return true
        }
        guard isQueued else { return write(nil) }
        // Made now, since the kernel may forget the node. After the worker's end, this thread writes the line.
        let locate = locator(request.inode)
        let work: @Sendable () -> Void = { [waiting] in
            write(locate)
            waiting.change { $0 -= 1 }
        }
        if !worker.run(work) { work() }
    }
}
