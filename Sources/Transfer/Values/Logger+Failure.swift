public import Logging
import Support

extension Logger {
    /// Logs an error with its causes; at debug level for a cancellation, which the end of a mount brings.
    public func failure(_ message: @autoclosure () -> Message, error: any Error) {
        log(level: error.isCancellation ? .debug : .error, message(), error: error)
    }
}
