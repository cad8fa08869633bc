/// A text from outside that is safe to show on a terminal and to write to a log.
///
/// It has at most ``longestLength`` Unicode scalars in one line. Control characters (C0, DEL, C1), line and paragraph
/// separators, bidirectional controls and everything else that is invisible or steers a terminal are replaced: white
/// space by a blank, the rest by U+FFFD.
///
/// Parsers of answers make a foreign text of each string, so that messages, logs and `status.json` hold no raw text.
public struct ForeignText: Sendable, Hashable {
    /// The largest number of Unicode scalars.
    ///
    /// Scalars and not characters, since a character can have any number of combining marks.
    public static let longestLength = 300

    private let text: String

    /// Cleans and cuts a text; where it is cut, an ellipsis is the last scalar.
    public init(_ text: some StringProtocol) {
        self.text = Self.cleaned(text.unicodeScalars)
    }

    /// Cleans and cuts a text.
    public init(_ text: String) {
        // Nearly all texts are of this kind.
        if text.utf8.count <= Self.longestLength, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
            self.text = text
        } else {
            self.text = Self.cleaned(text.unicodeScalars)
        }
    }

    /// Decodes UTF-8, then cleans and cuts it; bytes that aren't UTF-8 become U+FFFD.
    ///
    /// No more of the bytes is decoded than can be kept.
    public init(utf8 bytes: some Sequence<UInt8>) {
        // A scalar takes four bytes at most. One beyond the limit is decoded, since it shows that the text is cut.
        self.init(String(decoding: Array(bytes.prefix(4 * (Self.longestLength + 1))), as: UTF8.self))
    }

    /// Cleans a text in the same way without cutting it: the last line of defence of what writes to a log.
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

    /// Tells if there is nothing to show.
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

extension ForeignText: CustomStringConvertible {
    /// The text, cleaned and cut.
    public var description: String { text }
}

extension ForeignText: CustomDebugStringConvertible {
    /// The text in quotation marks.
    public var debugDescription: String { text.debugDescription }
}

extension ForeignText: ExpressibleByStringLiteral {
    /// Makes one of a literal, which is cleaned and cut like every text.
    public init(stringLiteral text: String) {
        self.init(text)
    }
}

extension ForeignText: Codable {
    /// Decodes a string, and cleans and cuts it: a file on disk is outside too.
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    /// Encodes a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
