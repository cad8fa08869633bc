import Logging
import TestSupport
import Testing
import Support

@testable import Transfer

@Suite("Errors and what is behind them", .orderly)
struct CausedErrorTests {
    private struct Wrapped: CausedError {
        let message = "Wrapped."
        let cause: (any Error)?
    }

    private struct Foreign: Error {}

    @Test("Something that was cancelled is found behind any number of errors")
    func chains() {
        #expect(TransferError.cancelled.isCancellation)
        #expect(Wrapped(cause: Wrapped(cause: TransferError.cancelled)).isCancellation)
        #expect(!Wrapped(cause: nil).isCancellation)
        #expect(!Wrapped(cause: Foreign()).isCancellation)
        #expect(!Wrapped(cause: TransferError(.stalled, "Slow.")).isCancellation)
    }

    @Test("Failures are errors in the log, but for those that nobody wanted any more")
    func levels() {
        let levels = Locked<[Logger.Level]>([])
        let logger = Logger(label: "test") { _ in LevelHandler(levels: levels) }
        logger.failure("it ended", error: Wrapped(cause: TransferError.cancelled))
        logger.failure("it failed", error: TransferError(.stalled, "Slow."))
        logger.failure("it failed", error: Foreign())
        #expect(levels.withLock { $0 } == [.debug, .error, .error])
    }
}

/// A log that keeps the levels of its lines.
private struct LevelHandler: LogHandler {
    let levels: Locked<[Logger.Level]>
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        levels.withLock { $0.append(event.level) }
    }
}
