/// Who goes first when not all requests can run at once.
public enum Priority: Int, Comparable, Sendable, CaseIterable {
    /// Work that nobody waits for.
    ///
    /// It may be queued for as long as others need.
    case background
    /// Bytes that a reader will probably ask for soon.
    case readAhead
    /// Bytes that a reader waits for.
    case reader

    /// Compares by urgency: what goes first is greater.
    public static func < (left: Priority, right: Priority) -> Bool {
        left.rawValue < right.rawValue
    }
}
