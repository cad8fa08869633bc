package import Logging
import Support

/// What was logged, each line beginning with its level.
package final class RecordedLog: Sendable {
    private let messages = Locked<[String]>([])

    package init() {}

    package var lines: [String] { messages.withLock { $0 } }

    package var logger: Logger {
        var logger = Logger(label: "tests") { [messages] _ in Handler(messages: messages) }
        logger.logLevel = .info
        return logger
    }

    private struct Handler: LogHandler {
        let messages: Locked<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            messages.withLock { $0.append("\(event.level): \(event.message)") }
        }
    }
}
