/// A telephone number in the international form of E.164: a plus sign and up to fifteen digits, without a leading zero.
///
/// It is kept as an integer, so that a catalog of a million calls stays small, and an inode number has room for it.
public struct PhoneNumber: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The digits.
    public let rawValue: Int64

    /// The possible digits: 2 to 15, the first of which isn't 0.
    public static let digits: ClosedRange<Int64> = 10...999_999_999_999_999

    /// The numbers that Twilio gives to callers who withhold theirs: words, spelled with the letters of a keypad.
    ///
    /// The last two are no words. Public code attributes them to Twilio's page on "strange numbers", and they are too
    /// short to be numbers of their countries.
    private static let placeholders: Set<Int64> = [
        266_696_687,  // ANONYMOUS
        7_378_742_833,  // RESTRICTED
        2_562_533,  // BLOCKED
        8_656_696,  // UNKNOWN
        86_282_452_253,  // UNAVAILABLE
        7_378_742_883, 464,
    ]

    /// Whether a text is the number that Twilio gives to callers who withhold theirs, with or without the plus sign.
    static func isPlaceholder(_ text: some StringProtocol) -> Bool {
        Int64(text.first == "+" ? text.dropFirst() : text[...]).map(placeholders.contains) ?? false
    }

    /// Makes a number from its digits; nil for impossible digits and for the placeholder of a withheld number.
    public init?(rawValue: Int64) {
        guard Self.digits.contains(rawValue), !Self.placeholders.contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// Reads `+493012345`; nil for any other text, so that a number has one spelling.
    public init?(_ text: some StringProtocol) {
        let characters = Array(text.utf8)
        guard characters.first == UInt8(ascii: "+"), (3...16).contains(characters.count),
            characters[1] != UInt8(ascii: "0"), characters.dropFirst().allSatisfy(\.isDigit),
            let number = Int64(text.dropFirst())
        else { return nil }
        self.init(rawValue: number)
    }

    /// The number with its plus sign.
    public var description: String { "+\(rawValue)" }

    /// Orders by the numbers of the digits.
    public static func < (left: PhoneNumber, right: PhoneNumber) -> Bool { left.rawValue < right.rawValue }
}
