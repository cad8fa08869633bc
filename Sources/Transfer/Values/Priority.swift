/// The urgency of a request.
public enum Priority: Int, Comparable, Sendable, CaseIterable {
    /// Work without a waiting reader; it may be queued for as long as others need.
    case background
    /// Bytes that a reader will probably request soon.
    case readAhead
    /// Bytes that a reader waits for.
    case reader

    /// Orders by urgency; the most urgent is the greatest.
    public static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }
}
