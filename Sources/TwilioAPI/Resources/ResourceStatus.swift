import Support

/// The status of a recording or composition; media exists exactly when it is `completed`.
public struct ResourceStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// Twilio's word, cleaned and truncated (``Support/ForeignText``).
    public let rawValue: String

    /// Makes a status from Twilio's word; unknown words are kept.
    public init(rawValue: String) { self.rawValue = ForeignText(rawValue).description }

    /// Makes the status from a resource's field.
    ///
    /// Without the field the media may be requested, so the status is `completed`. A text other than a word becomes
    /// `unknown`, since users see the statuses and their counts.
    init(told: String?) {
        self = told.map { Self.isWord($0) ? ResourceStatus(rawValue: $0) : .unknown } ?? .completed
    }

    private static func isWord(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { character in
                character.isSmallLetter || character.isCapitalLetter || character == UInt8(ascii: "-")
                    || character == UInt8(ascii: "_")
            }
    }

    /// The field holds no status.
    public static let unknown = ResourceStatus(rawValue: "unknown")
    /// The media exists.
    public static let completed = ResourceStatus(rawValue: "completed")
    /// The media is being made.
    public static let processing = ResourceStatus(rawValue: "processing")
    /// The media is gone; the resource stays for some weeks.
    public static let deleted = ResourceStatus(rawValue: "deleted")
    /// Twilio's word.
    public var description: String { rawValue }
}
