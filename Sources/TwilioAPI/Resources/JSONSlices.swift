/// Finds the elements of an array in a JSON text without changing a byte of them.
///
/// Resources are kept as Twilio gave them. Decoding and encoding them again would change the order of fields, the
/// spelling of numbers and the escapes, and take longer.
enum JSONSlices {
    /// The elements of the array that is the value of `key` in the outermost object.
    ///
    /// - Parameters:
    ///   - key: the array's name, as it stands in the text (no escapes).
    ///   - text: a JSON text that a parser has accepted already; this function only finds boundaries.
    /// - Returns: the range of each element in `text`, without white space around it; nil when there is no such array.
    static func elements(ofArray key: String, in text: [UInt8]) -> [Range<Int>]? {
        var cursor = Cursor(text: text)
        cursor.skipSpace()
        guard cursor.take(UInt8(ascii: "{")) else { return nil }
        while true {
            cursor.skipSpace()
            guard let name = cursor.string() else { return nil }
            cursor.skipSpace()
            guard cursor.take(UInt8(ascii: ":")) else { return nil }
            cursor.skipSpace()
            if text[name].elementsEqual(key.utf8) {
                return cursor.arrayElements()
            }
            guard cursor.value() != nil else { return nil }
            cursor.skipSpace()
            guard cursor.take(UInt8(ascii: ",")) else { return nil }
        }
    }
}

/// A position in a JSON text.
private struct Cursor {
    let text: [UInt8]
    var position = 0

    mutating func skipSpace() {
        while position < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[position]) { position += 1 }
    }

    mutating func take(_ character: UInt8) -> Bool {
        guard position < text.count, text[position] == character else { return false }
        position += 1
        return true
    }

    /// A string; its range without the quotes.
    mutating func string() -> Range<Int>? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = position
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\\"):
                position += 2
            case UInt8(ascii: "\""):
                position += 1
                return start..<position - 1
            default:
                position += 1
            }
        }
        return nil
    }

    /// Any value; its range.
    mutating func value() -> Range<Int>? {
        let start = position
        var depth = 0
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""):
                guard string() != nil else { return nil }
                if depth == 0 { return start..<position }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // The end of what this value stands in: a number, true, false or null ended before it.
                if depth == 0 { return start < position ? start..<position : nil }
                depth -= 1
                position += 1
                if depth == 0 { return start..<position }
            case UInt8(ascii: ","), 0x20, 0x09, 0x0A, 0x0D:
                if depth == 0 { return start < position ? start..<position : nil }
                position += 1
            default:
                position += 1
            }
        }
        return nil
    }

    mutating func arrayElements() -> [Range<Int>]? {
        guard take(UInt8(ascii: "[")) else { return nil }
        var elements: [Range<Int>] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return elements }
        while true {
            skipSpace()
            guard let element = value() else { return nil }
            elements.append(element)
            skipSpace()
            if take(UInt8(ascii: "]")) { return elements }
            guard take(UInt8(ascii: ",")) else { return nil }
        }
    }
}
