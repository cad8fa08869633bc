import FoundationEssentials

/// Strict Base64 (RFC 4648, section 4).
///
/// White space is skipped, as headers and JSON may be wrapped; nothing else is forgiven. What is decoded are wrapped
/// keys, initialization vectors and digests: none is secret, so Foundation's buffers needn't be wiped.
enum Base64 {
    /// Decodes `text`.
    ///
    /// - Returns: `nil` when a character is foreign, the padding is missing or misplaced, or bits are left over.
    static func decode(_ text: String) -> [UInt8]? {
        guard let bytes = Data(base64Encoded: text) else {
            // Foundation accepts no white space, or skips every foreign character with it.
            guard text.utf8.contains(where: isWhiteSpace) else { return nil }
            return decode(String(decoding: text.utf8.filter { !isWhiteSpace($0) }, as: UTF8.self))
        }
        // Foundation also accepts "AB==", "AA=A" and "====": the last group has to be the one that an encoder writes.
        let lastBytes = bytes.suffix((bytes.count + 2) % 3 + 1)
        guard lastBytes.base64EncodedString().utf8.elementsEqual(text.utf8.suffix(4)) else { return nil }
        return Array(bytes)
    }

    private static func isWhiteSpace(_ character: UInt8) -> Bool {
        character == UInt8(ascii: " ") || 0x09...0x0D ~= character
    }
}
