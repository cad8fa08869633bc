import ArgumentParser
import Foundation
import Glibc
import Logging

/// How log lines look.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// Where log lines go, and how they look.
final class LogOutput: Sendable {
    /// Where lines go.
    enum Destination {
        case standardError

        /// syslog(3), with the program's name as identity.
        case systemLog
    }

    private let format: LogFormat
    private let destination: Destination

    init(format: LogFormat, destination: Destination) {
        self.format = format
        self.destination = destination
        if destination == .systemLog {
            // The C library keeps the pointer, so it has to be that of a constant, which ends with a zero byte.
            let identity: StaticString = "twiliofs"
            openlog(UnsafeRawPointer(identity.utf8Start).assumingMemoryBound(to: CChar.self), LOG_PID, LOG_DAEMON)
        }
    }

    fileprivate func write(_ level: Logger.Level, _ label: String, _ message: String, _ metadata: Logger.Metadata) {
        let isSystemLog = destination == .systemLog
        let line =
            switch format {
            case .text: textLine(level, message, metadata, withTime: !isSystemLog)
            case .json: jsonLine(level, label, message, metadata)
            }
        if isSystemLog {
            // As a C string: a String among the arguments of a C function would be passed as an object.
            line.withCString { text in withVaList([text]) { vsyslog(Self.priority(of: level), "%s", $0) } }
        } else {
            StandardError.write(line + "\n")
        }
    }

    private func textLine(
        _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, withTime: Bool
    ) -> String {
        let fields = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let time = withTime ? "\(Self.now) " : ""
        return "\(time)\(level): \(message)\(fields)"
    }

    private func jsonLine(
        _ level: Logger.Level, _ label: String, _ message: String, _ metadata: Logger.Metadata
    ) -> String {
        var fields = metadata.mapValues { "\($0)" }
        fields["time"] = Self.now
        fields["level"] = level.rawValue
        fields["logger"] = label
        fields["message"] = message
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(fields) else { return message }
        return String(decoding: data, as: UTF8.self)
    }

    private static var now: String {
        Date.now.formatted(.iso8601.time(includingFractionalSeconds: true))
    }

    private static func priority(of level: Logger.Level) -> Int32 {
        switch level {
        case .trace, .debug: LOG_DEBUG
        case .info: LOG_INFO
        case .notice: LOG_NOTICE
        case .warning: LOG_WARNING
        case .error: LOG_ERR
        case .critical: LOG_CRIT
        }
    }
}

/// Hands what is logged to a ``LogOutput``.
struct OutputLogHandler: LogHandler {
    let label: String
    let output: LogOutput
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
        output.write(event.level, label, "\(event.message)", fields)
    }
}

extension Logger.Level {
    /// Reads a level's name from the command line.
    static func parse(_ name: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: name) else {
            throw ValidationError("'\(name)' is not one of \(allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return level
    }
}
