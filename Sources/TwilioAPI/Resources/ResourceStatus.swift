/// What has become of a recording or composition.
///
/// Media exists when the status is `completed`, and only then.
public struct ResourceStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// Twilio's word for it.
    public let rawValue: String

    /// Makes a status from Twilio's word; words that this code hasn't heard of are kept.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The status of a resource by what it tells.
    ///
    /// One that tells nothing may be asked for its media; the answer then tells.
    init(told: String?) {
        self = told.map(ResourceStatus.init(rawValue:)) ?? .completed
    }

    /// The media is there.
    public static let completed = ResourceStatus(rawValue: "completed")

    /// The media is being made.
    public static let processing = ResourceStatus(rawValue: "processing")

    /// The media is gone; the resource stays for some weeks.
    public static let deleted = ResourceStatus(rawValue: "deleted")

    /// Twilio's word for it.
    public var description: String { rawValue }
}
