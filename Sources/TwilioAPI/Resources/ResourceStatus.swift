import Support

/// The status of a recording or composition; media exists exactly when it is `completed`.
public struct ResourceStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// Twilio's word, cleaned and truncated (``Support/ForeignText``).
    public let rawValue: String

    /// Makes a status from Twilio's word; unknown words are kept.
    public init(rawValue: String) { self.rawValue = ForeignText(rawValue).description }

    /// Makes the status from a resource's field.
    ///
    /// Without the field the media may be requested, so the status is `completed`. A text that isn't a word becomes
    /// `unknown`, since statuses are shown and counted.
    init(told: String?) {
        self = told.map { Self.isWord($0) ? ResourceStatus(rawValue: $0) : .unknown } ?? .completed
    }

    private static func isWord(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { character in
                switch character {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// The field isn't a status.
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
