public import Logging
import Support

extension Logger {
    /// Logs an error with its causes, or mentions it at debug level where it is a cancellation.
    ///
    /// The end of a mount cancels what is under way, which is no failure.
    public func failure(_ message: @autoclosure () -> Message, error: any Error) {
        log(level: error.isCancellation ? .debug : .error, message(), error: error)
    }
}
