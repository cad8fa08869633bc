/// A text from outside that is safe to print on a terminal and in a log.
///
/// It is one line of at most ``longestLength`` Unicode scalars. Control characters (C0, DEL, C1), line and paragraph
/// separators, bidirectional controls, and unassigned, private or invisible characters are replaced: white space by a
/// blank, the rest by U+FFFD. Parsers store strings as foreign texts, so that messages, logs and `status.json` hold no
/// raw text.
public struct ForeignText: Sendable, Hashable {
    /// The limit in Unicode scalars, not characters: a character can have any number of combining marks.
    static let longestLength = 300

    private let text: String

    /// Cleans and truncates a text; a truncated text ends with an ellipsis.
    public init(_ text: some StringProtocol) { self.text = Self.cleaned(text.unicodeScalars) }

    /// Cleans and truncates a text; a truncated text ends with an ellipsis.
    public init(_ text: String) {
        // Nearly all texts are short printable ASCII.
        if text.utf8.count <= Self.longestLength, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
            self.text = text
        } else {
            self.text = Self.cleaned(text.unicodeScalars)
        }
    }

    /// Decodes UTF-8, then cleans and truncates it; invalid bytes become U+FFFD.
    public init(utf8 bytes: some Sequence<UInt8>) {
        // A scalar has four bytes at most. One scalar beyond the limit shows that the text is truncated.
        self.init(String(decoding: Array(bytes.prefix(4 * (Self.longestLength + 1))), as: UTF8.self))
    }

    /// Cleans a text in the same way without truncating it; the log writer's last safeguard.
    public static func singleLine(_ text: String) -> String {
        if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { return text }
        var kept = String.UnicodeScalarView()
        kept.append(contentsOf: text.unicodeScalars.lazy.map(shown))
        return String(kept)
    }

    private static func cleaned(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var kept = String.UnicodeScalarView()
        var length = 0
        var last = kept.endIndex
        for scalar in scalars {
            guard length < longestLength else {
                kept.replaceSubrange(last..<kept.endIndex, with: CollectionOfOne("…"))
                break
            }
            last = kept.endIndex
            kept.append(shown(scalar))
            length += 1
        }
        return String(kept)
    }

    /// Whether the text is empty.
    public var isEmpty: Bool { text.isEmpty }

    private static func shown(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar.isASCII, scalar.value >= 0x20, scalar.value != 0x7F { return scalar }
        switch scalar {
        case "\t", "\n", "\u{B}", "\u{C}", "\r", "\u{85}", "\u{2028}", "\u{2029}": return " "
        default: break
        }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
            return "\u{FFFD}"
        default:
            // Variation selectors are invisible and belong to the emoji before them.
            return properties.isDefaultIgnorableCodePoint && !properties.isVariationSelector ? "\u{FFFD}" : scalar
        }
    }
}

extension ForeignText: CustomStringConvertible, CustomDebugStringConvertible, ExpressibleByStringLiteral, Codable {
    /// The clean text.
    public var description: String { text }

    /// The clean text in quotation marks.
    public var debugDescription: String { text.debugDescription }

    /// Cleans and truncates a literal.
    public init(stringLiteral text: String) { self.init(text) }

    /// Decodes a string, then cleans and truncates it, since a file on disk comes from outside too.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    /// Encodes a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
