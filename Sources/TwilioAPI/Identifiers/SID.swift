import Support

/// A string identifier (SID): two capital letters for the kind of thing, and 32 hexadecimal digits.
///
/// It takes 24 bytes and nothing on the heap, unlike a string, since a mount may hold a million of them.
public struct SID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The two letters.
    public let letters: Letters
    /// The first sixteen digits.
    public let high: UInt64
    /// The last sixteen digits.
    public let low: UInt64

    /// Reads a SID in Twilio's spelling (lower-case digits); nil for any other text, so that a file has one name.
    public init?(_ text: some StringProtocol) {
        let characters = Array(text.utf8)
        self.init(characters, in: 0..<characters.count)
    }

    /// Reads a SID within a text in UTF-8.
    init?(_ text: [UInt8], in range: Range<Int>) {
        guard range.count == 34 else { return nil }
        let first = text[range.lowerBound]
        let second = text[range.lowerBound + 1]
        let digits = range.lowerBound + 2
        guard first.isCapitalLetter, second.isCapitalLetter,
            let high = Self.number(ofDigits: text[digits..<digits + 16]),
            let low = Self.number(ofDigits: text[digits + 16..<digits + 32])
        else { return nil }
        self.init(Letters(rawValue: UInt16(first) << 8 | UInt16(second)), high: high, low: low)
    }

    /// Reads a SID that has to have these letters.
    public init?(_ text: String, letters: Letters) {
        self.init(text)
        guard self.letters == letters else { return nil }
    }

    /// Makes a SID from its parts.
    public init(_ letters: Letters, high: UInt64, low: UInt64) {
        self.letters = letters
        self.high = high
        self.low = low
    }

    /// The two letters that stand for a kind of thing.
    public struct Letters: Hashable, Sendable, CustomStringConvertible {
        /// As ASCII, the first one in the high byte.
        fileprivate let rawValue: UInt16

        fileprivate init(rawValue: UInt16) { self.rawValue = rawValue }

        /// Makes letters from two capital ones.
        init(_ first: Unicode.Scalar, _ second: Unicode.Scalar) {
            rawValue = UInt16(UInt8(ascii: first)) << 8 | UInt16(UInt8(ascii: second))
        }

        /// An account.
        static let account = Letters("A", "C")
        /// A public key.
        static let publicKey = Letters("C", "R")
        /// A call.
        public static let call = Letters("C", "A")
        /// A video room.
        public static let room = Letters("R", "M")
        /// A conference.
        public static let conference = Letters("C", "F")

        /// The letters as text.
        public var description: String {
            String(decoding: [UInt8(rawValue >> 8), UInt8(truncatingIfNeeded: rawValue)], as: UTF8.self)
        }
    }

    /// The kind of recording; nil for SIDs of other things.
    public var kind: MediaKind? { MediaKind(letters) }
    /// The two letters as text, `RE` for instance.
    public var prefix: String { letters.description }

    /// The SID as Twilio writes it.
    public var description: String {
        var characters = [UInt8(letters.rawValue >> 8), UInt8(truncatingIfNeeded: letters.rawValue)]
        characters.reserveCapacity(34)
        for number in [high, low] {
            for shift in stride(from: 60, through: 0, by: -4) {
                let digit = UInt8(number >> UInt64(shift) & 15)
                characters.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Orders by the written forms.
    public static func < (left: SID, right: SID) -> Bool {
        (left.letters.rawValue, left.high, left.low) < (right.letters.rawValue, right.high, right.low)
    }

    /// Reads sixteen digits without a branch for each: digits are random, so half of the branch predictions would fail.
    private static func number(ofDigits digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        var differences = 0
        for digit in digits {
            let decimal = digit &- UInt8(ascii: "0")
            let letter = digit &- UInt8(ascii: "a")
            number = number << 4 | UInt64((decimal <= 9 ? decimal : letter &+ 10) & 15)
            // Negative from the first character on that is neither a decimal digit nor one of the six letters.
            differences |= (9 &- Int(decimal)) & (5 &- Int(letter))
        }
        guard differences >= 0 else { return nil }
        return number
    }
}

extension SID: Codable {
    /// Reads the written form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let sid = SID(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(ForeignText(text))' is not a SID")
        }
        self = sid
    }

    /// Writes the written form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
