import Logging
import Support
import TestSupport
import Testing

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
        let log = RecordedLog(.trace)
        let logger = log.logger
        logger.failure("it ended", error: Wrapped(cause: TransferError.cancelled))
        logger.failure("it failed", error: TransferError(.stalled, "Slow."))
        logger.failure("it failed", error: Foreign())
        #expect(log.events.map(\.level) == [.debug, .error, .error])
    }
}
