/// Assembles the head of a response from libcurl's header lines.
///
/// The lines come from a server, so their number and total size (with interim responses and trailers) are limited.
struct HeadParser {
    /// The meaning of a line.
    enum Step {
        case more
        /// The last line of a head; heads of interim responses (1xx except 101) don't count.
        case complete(status: Int, HeaderFields)
        /// Not HTTP, or too long; the text continues a sentence that begins with the server's name.
        case malformed(String)
    }

    /// The largest number of lines.
    ///
    /// Twilio and S3 send 10 to 30; Apache accepts at most 100 in a request. libcurl has no limit and allocates for
    /// each line.
    static let maximalLineCount = 256
    /// The largest total size of the lines in bytes.
    ///
    /// The largest legitimate field is a `Location` with a presigned URL, up to 8 KiB; S3's metadata has at most 2
    /// KiB. libcurl's limit is 300 KiB.
    static let maximalSize = 64 << 10

    private var status = 0
    private var fields = HeaderFields([])
    private var lineCount = 0
    private var size = 0
    private var isComplete = false

    /// Takes a line with its line end.
    mutating func take(_ line: some Collection<UInt8>) -> Step {
        lineCount += 1
        size += line.count
        guard lineCount <= Self.maximalLineCount else {
            return .malformed("sent more than \(Self.maximalLineCount) header lines")
        }
        guard size <= Self.maximalSize else {
            return .malformed("sent more than \(Self.maximalSize >> 10) KiB of header lines")
        }
        // Lines after the body are trailers, which are ignored.
        guard !isComplete else { return .more }
        guard line.allSatisfy({ $0 != 0 }) else { return .malformed("sent a header line with a NUL in it") }
        var text = Substring(String(decoding: line, as: UTF8.self))
        while let last = text.unicodeScalars.last, last == "\r" || last == "\n" {
            text.unicodeScalars.removeLast()
        }
        if text.hasPrefix("HTTP/") { return takeStatusLine(text) }
        if text.isEmpty {
            guard status >= 200 || status == 101 else { return status == 0 ? Self.notHTTP : .more }
            isComplete = true
            return .complete(status: status, fields)
        }
        if text.first == " " || text.first == "\t" {
            guard fields.continueLast(with: Self.trimmed(text)) else {
                return .malformed("sent a head that begins with a continued line")
            }
            return .more
        }
        guard let colon = text.firstIndex(of: ":") else { return .more }
        fields.append(name: String(text[..<colon]), value: Self.trimmed(text[text.index(after: colon)...]))
        return .more
    }

    private static let notHTTP = Step.malformed("doesn't answer with HTTP")

    private mutating func takeStatusLine(_ text: Substring) -> Step {
        let words = text.split(separator: " ", maxSplits: 2)
        guard words.count > 1, words[1].utf8.count == 3, let status = Int64(digits: words[1]) else {
            return Self.notHTTP
        }
        self.status = Int(status)
        fields = HeaderFields([])
        return .more
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return String(text)
    }
}
