import Foundation
import Logging
import Support

/// One event as a line of the log.
struct LogLine {
    let level: Logger.Level
    /// The logger's label.
    let label: String
    /// The sentence, with an error's explanation.
    let message: String
    /// Further facts by name, such as `recording`, `operation` and `host`.
    let fields: Logger.Metadata
    var time = Date.now

    /// The line in a format, without its end.
    ///
    /// The message and the values are cleaned again, so that none breaks the line or steers a terminal.
    ///
    /// - Parameter hasTime: Whether the text format begins with the time, which the system's log adds itself.
    func rendered(as format: LogFormat, hasTime: Bool) -> String {
        switch format {
        case .text: ForeignText.singleLine(text(hasTime: hasTime))
        case .json: json
        }
    }

    private func text(hasTime: Bool) -> String {
        let fields = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
        return "\(hasTime ? "\(timestamp) " : "")\(level): \(message)\(fields)"
    }

    /// A value, in quotation marks if it would run into the next field.
    private static func quoted(_ value: String) -> String {
        guard value.isEmpty || value.contains(where: { $0.isWhitespace || $0 == "\"" || $0 == "=" }) else {
            return value
        }
        return "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// The numeric fields, which errors have as texts.
    private static let numbers: Set = ["inode", "pid", "status", "twilio_error"]

    private var json: String {
        var members: [String: JSONValue] = [:]
        for (name, value) in fields { members[name] = JSONValue(value, isNumber: Self.numbers.contains(name)) }
        members["time"] = .text(timestamp)
        members["level"] = .text(level.rawValue)
        members["logger"] = .text(label)
        members["message"] = .text(ForeignText.singleLine(message))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(members) else { return ForeignText.singleLine(message) }
        return String(decoding: data, as: UTF8.self)
    }

    /// Date and time in UTC with milliseconds, as in RFC 3339.
    private var timestamp: String { time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }
}

/// A field's value in the JSON format: numbers stay numbers.
private enum JSONValue: Encodable {
    case text(String)
    case number(Int64)
    /// A number too large for the other case, such as an inode number.
    case natural(UInt64)
    case list([JSONValue])
    case object([String: JSONValue])

    /// Converts a value, and numeric texts to numbers if `isNumber` is true.
    init(_ value: Logger.MetadataValue, isNumber: Bool = false) {
        switch value {
        case .string(let text):
            if isNumber, let number = Int64(text) {
                self = .number(number)
            } else {
                self = .text(ForeignText.singleLine(text))
            }
        case .stringConvertible(let value):
            if let integer = value as? any BinaryInteger, let number = Int64(exactly: integer) {
                self = .number(number)
            } else if let number = value as? UInt64 {
                self = .natural(number)
            } else {
                self = .text(ForeignText.singleLine(value.description))
            }
        case .array(let values): self = .list(values.map { JSONValue($0) })
        case .dictionary(let values): self = .object(values.mapValues { JSONValue($0) })
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .natural(let number): try container.encode(number)
        case .list(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }
}
