/// Puts a response's beginning together from the lines that libcurl hands over.
struct HeadParser {
    /// What a line was.
    enum Step {
        case more
        /// The last line of the beginning; interim answers (1xx) don't count as one.
        case complete(status: Int, HeaderFields)
        /// Not HTTP, or more of it than any server needs.
        case malformed
    }

    /// As much as libcurl allows later, bounded here since memory isn't a server's to fill.
    static let maximalSize = 300 << 10

    private var status = 0
    private var fields = HeaderFields([])
    private var size = 0
    private var isComplete = false

    /// Takes a line, with its line end.
    mutating func take(_ line: some Collection<UInt8>) -> Step {
        // What comes after the body are trailers, which mean nothing to us.
        guard !isComplete else { return .more }
        size += line.count
        guard size <= Self.maximalSize else { return .malformed }
        var text = Substring(String(decoding: line, as: UTF8.self))
        while let last = text.unicodeScalars.last, last == "\r" || last == "\n" {
            text.unicodeScalars.removeLast()
        }
        if text.hasPrefix("HTTP/") {
            let words = text.split(separator: " ", maxSplits: 2)
            guard words.count > 1, words[1].utf8.count == 3, let status = Int64(digits: words[1]) else {
                return .malformed
            }
            self.status = Int(status)
            fields = HeaderFields([])
            return .more
        }
        if text.isEmpty {
            guard status >= 200 || status == 101 else { return status == 0 ? .malformed : .more }
            isComplete = true
            return .complete(status: status, fields)
        }
        if text.first == " " || text.first == "\t" {
            fields.continueLast(with: Self.trimmed(text))
            return .more
        }
        guard let colon = text.firstIndex(of: ":") else { return .more }
        fields.append(name: String(text[..<colon]), value: Self.trimmed(text[text.index(after: colon)...]))
        return .more
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) {
            text.removeLast()
        }
        return String(text)
    }
}
