import FoundationEssentials
import Support

extension JSONValue {
    /// Reads JSON text.
    ///
    /// - Throws: `SimulatorError` with code `input`, naming `subject`, when the text isn't JSON.
    init(text: [UInt8], subject: String) throws(SimulatorError) {
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(text))
        } catch {
            throw SimulatorError(.input, "\(subject) isn't JSON; correct it", cause: error)
        }
    }

    /// Turns a value into JSON by way of its `Encodable` conformance.
    init(encoding value: some Encodable) throws(SimulatorError) {
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(value))
        } catch {
            throw SimulatorError(.input, "A value of type \(type(of: value)) can't be written as JSON", cause: error)
        }
    }

    /// Turns JSON into a value by way of its `Decodable` conformance.
    ///
    /// - Throws: `SimulatorError` with code `input`, naming `subject`, when the members don't fit.
    func decode<Value: Decodable>(_ type: Value.Type, subject: String) throws(SimulatorError) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(text))
        } catch {
            throw SimulatorError(.input, "\(subject) has a wrong member; correct it", cause: error)
        }
    }

    /// The JSON text in UTF-8, without white space.
    ///
    /// Written by hand because a page of a thousand resources takes `JSONEncoder` a tenth of a second.
    var text: [UInt8] {
        var result: [UInt8] = []
        write(to: &result)
        return result
    }

    private func write(to result: inout [UInt8]) {
        switch self {
        case .null: result.append(contentsOf: "null".utf8)
        case .boolean(let value): result.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): result.append(contentsOf: String(value).utf8)
        case .number(let value): result.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
        case .string(let value): Self.write(value, to: &result)
        case .array(let elements):
            result.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { result.append(UInt8(ascii: ",")) }
                element.write(to: &result)
            }
            result.append(UInt8(ascii: "]"))
        case .object(let members):
            result.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { result.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &result)
                result.append(UInt8(ascii: ":"))
                member.value.write(to: &result)
            }
            result.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ string: String, to result: inout [UInt8]) {
        result.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                result.append(UInt8(ascii: "\\"))
                result.append(byte)
            case 0..<0x20:
                result.append(contentsOf: "\\u00".utf8)
                result.append(contentsOf: hexadecimal([byte]).utf8)
            default:
                result.append(byte)
            }
        }
        result.append(UInt8(ascii: "\""))
    }
}
