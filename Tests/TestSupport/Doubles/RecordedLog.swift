public import Logging
import Support

/// Keeps the events that are logged.
public final class RecordedLog: Sendable {
    private let recorded = Locked<[LogEvent]>([])
    private let leastLevel: Logger.Level

    /// Starts empty.
    ///
    /// - Parameter leastLevel: the lowest level that is logged.
    public init(_ leastLevel: Logger.Level = .info) {
        self.leastLevel = leastLevel
    }

    /// The events so far.
    public var events: [LogEvent] { recorded.withLock { $0 } }

    /// The messages so far, each behind its level: `info: unmounted`.
    public var lines: [String] { events.map { "\($0.level): \($0.message)" } }

    /// A logger that logs here.
    public var logger: Logger {
        var logger = Logger(label: "tests") { [recorded] _ in Handler(recorded: recorded) }
        logger.logLevel = leastLevel
        return logger
    }

    private struct Handler: LogHandler {
        let recorded: Locked<[LogEvent]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            recorded.withLock { $0.append(event) }
        }
    }
}

extension Logger {
    /// A logger that logs nothing.
    public static let silent = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
}
