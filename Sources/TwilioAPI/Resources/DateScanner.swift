/// Reads the parts of a date in sequence.
///
/// It is hand-written, since each listed resource has two dates: one takes 66 ns here, 421 ns in `curl_getdate`.
struct DateScanner {
    private let text: [UInt8]
    private var position: Int
    private let end: Int

    private static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Starts at the beginning of a part of a text in UTF-8.
    init(_ text: [UInt8], in range: Range<Int>) {
        self.text = text
        position = range.lowerBound
        end = range.upperBound
    }

    /// Whether the whole part was read.
    var isAtEnd: Bool { position == end }

    /// Skips a word, if it is next.
    mutating func skip(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard end - position >= count else { return false }
        let isNext = word.withUTF8Buffer { buffer in
            for index in 0..<count where text[position + index] != buffer[index] { return false }
            return true
        }
        if isNext { position += count }
        return isNext
    }

    /// Skips letters, if any are next.
    mutating func skipWord() -> Bool {
        let start = position
        while position < end, text[position].isCapitalLetter || text[position].isSmallLetter { position += 1 }
        return position > start
    }

    /// Reads a number with this many digits.
    mutating func number(digits: ClosedRange<Int>) -> Int? {
        var number = 0
        var count = 0
        while count < digits.upperBound, position + count < end {
            let character = text[position + count]
            guard character.isDigit else { break }
            number = number * 10 + Int(character - UInt8(ascii: "0"))
            count += 1
        }
        guard count >= digits.lowerBound else { return nil }
        position += count
        return number
    }

    /// Reads a month's three-letter name as its number.
    mutating func month() -> Int? {
        Self.months.firstIndex { skip($0) }.map { $0 + 1 }
    }

    /// Reads `hh:mm:ss` in seconds; a leap second counts as the next second.
    mutating func timeOfDay() -> Int? {
        guard let hours = number(digits: 2...2), hours < 24, skip(":"), let minutes = number(digits: 2...2),
            minutes < 60, skip(":"), let seconds = number(digits: 2...2), seconds <= 60
        else { return nil }
        return hours * 3600 + minutes * 60 + seconds
    }

    /// Reads a time zone, `+hhmm` or `-hh:mm` for instance, in seconds east of UTC.
    mutating func offset() -> Int? {
        let sign: Int
        if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
        guard let hours = number(digits: 2...2), hours < 24 else { return nil }
        _ = skip(":")
        guard let minutes = number(digits: 2...2), minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
