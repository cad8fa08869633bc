import Support

/// What has become of a recording or composition.
///
/// Media exists when the status is `completed`, and only then.
public struct ResourceStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// Twilio's word for it, as clean and short as every text from outside (``Support/ForeignText``).
    public let rawValue: String

    /// Makes a status from Twilio's word; words that this code hasn't heard of are kept.
    public init(rawValue: String) {
        self.rawValue = ForeignText(rawValue).description
    }

    /// The status of a resource by what it tells.
    ///
    /// One that tells nothing may be asked for its media; the answer then tells.
    /// A text that is no word is none of Twilio's: it is told as unknown, since statuses are shown and counted.
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

    /// The resource tells something that isn't a status.
    public static let unknown = ResourceStatus(rawValue: "unknown")

    /// The media is there.
    public static let completed = ResourceStatus(rawValue: "completed")

    /// The media is being made.
    public static let processing = ResourceStatus(rawValue: "processing")

    /// The media is gone; the resource stays for some weeks.
    public static let deleted = ResourceStatus(rawValue: "deleted")

    /// Twilio's word for it.
    public var description: String { rawValue }
}
