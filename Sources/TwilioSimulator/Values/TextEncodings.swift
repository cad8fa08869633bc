import FoundationEssentials

/// Writes bytes as lower-case hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.underestimatedCount * 2)
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}

/// Writes a number as sixteen lower-case hexadecimal digits.
func hexadecimal(_ value: UInt64) -> String {
    String(decoding: hexadecimalDigits(value), as: UTF8.self)
}

/// Gives the sixteen lower-case hexadecimal digits of a number, in ASCII.
func hexadecimalDigits(_ value: UInt64) -> [UInt8] {
    (0..<16).map { place in
        let digit = UInt8(truncatingIfNeeded: value >> (60 - 4 * place)) & 15
        return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}

/// Writes bytes as base64 with padding (RFC 4648, section 4).
func base64(_ bytes: [UInt8]) -> String {
    String(decoding: base64Digits(bytes), as: UTF8.self)
}

/// Gives the base64 of bytes, with padding, in ASCII.
func base64Digits(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8](Data(bytes).base64EncodedData())
}

/// Reads base64 with padding; nil when it isn't.
func bytes(ofBase64 text: some StringProtocol) -> [UInt8]? {
    Data(base64Encoded: String(text)).map { [UInt8]($0) }
}

/// Reads base64 that was made here.
func bytes(ofBase64Digits digits: [UInt8]) -> [UInt8] {
    Data(base64Encoded: Data(digits)).map { [UInt8]($0) } ?? []
}

/// Escapes all but the unreserved characters of RFC 3986, section 2.3, as AWS signatures want it.
///
/// - Parameter keeping: a further character that is left as it is, such as the slash of a path.
func percentEncoded(_ text: String, keeping kept: Character? = nil) -> String {
    var result = ""
    for byte in text.utf8 {
        let character = Character(UnicodeScalar(byte))
        if character.isASCII && (character.isLetter || character.isNumber || "-._~".contains(character))
            || character == kept
        {
            result.append(character)
        } else {
            result += "%" + hexadecimal([byte]).uppercased()
        }
    }
    return result
}

/// Undoes percent encoding; a lone `%` stands for itself.
///
/// - Parameter plusIsSpace: whether `+` means a space, as it does in forms and queries.
func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool) -> String {
    var result: [UInt8] = []
    let source = Array(text.utf8)
    var index = 0
    while index < source.count {
        let byte = source[index]
        if byte == UInt8(ascii: "%"), index + 2 < source.count,
            let value = UInt8(String(decoding: source[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
        {
            result.append(value)
            index += 3
        } else {
            result.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            index += 1
        }
    }
    return String(decoding: result, as: UTF8.self)
}

/// Reads `name=value&…`, as queries and forms (`application/x-www-form-urlencoded`) have it, in order.
func formFields(_ text: some StringProtocol) -> [(name: String, value: String)] {
    text.split(separator: "&").map { field in
        let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (
            percentDecoded(parts[0], plusIsSpace: true),
            parts.count > 1 ? percentDecoded(parts[1], plusIsSpace: true) : ""
        )
    }
}
