import FoundationEssentials

/// Strict Base64 (RFC 4648, section 4), but with white space, since headers and JSON may be wrapped.
///
/// The decoded values (wrapped keys, initialization vectors, digests) aren't secret, so Foundation may decode them.
enum Base64 {
    /// Decodes `text`; nil for foreign characters, missing or misplaced padding, or excess bits.
    static func decode(_ text: String) -> [UInt8]? {
        guard let bytes = Data(base64Encoded: text) else {
            // Foundation either rejects white space or skips all foreign characters.
            guard text.utf8.contains(where: isWhiteSpace) else { return nil }
            return decode(String(decoding: text.utf8.filter { !isWhiteSpace($0) }, as: UTF8.self))
        }
        // Foundation also accepts "AB==", "AA=A" and "====", so the last group is compared with its encoding.
        let lastBytes = bytes.suffix((bytes.count + 2) % 3 + 1)
        guard lastBytes.base64EncodedString().utf8.elementsEqual(text.utf8.suffix(4)) else { return nil }
        return Array(bytes)
    }

    private static func isWhiteSpace(_ character: UInt8) -> Bool {
        character == UInt8(ascii: " ") || 0x09...0x0D ~= character
    }
}
