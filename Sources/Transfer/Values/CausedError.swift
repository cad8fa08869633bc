public import Logging

/// An error that knows the error behind it.
public protocol CausedError: Error {
    /// The error behind this one.
    var cause: (any Error)? { get }

    /// Whether it says that nobody wanted the result any more, whatever is behind it.
    var endsUnwantedWork: Bool { get }
}

extension CausedError {
    /// False: most errors don't.
    public var endsUnwantedWork: Bool { false }

    /// Whether it, or an error behind it, says that nobody wanted the result any more: a transfer was cancelled, a
    /// mount is being ended.
    public var isCancellation: Bool {
        var error: (any CausedError)? = self
        while let current = error {
            if current.endsUnwantedWork { return true }
            error = current.cause as? any CausedError
        }
        return false
    }
}

extension Logger {
    /// Logs that something has failed: an error, unless nobody wanted the result any more, which is for debugging only.
    ///
    /// Whatever can fail because a mount is being ended is logged with this, so that a clean end says nothing.
    public func failure(_ error: any Error, _ message: @autoclosure () -> Message) {
        let isCancellation = (error as? any CausedError)?.isCancellation ?? false
        log(level: isCancellation ? .debug : .error, message())
    }
}
