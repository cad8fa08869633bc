public import TwilioAPI

/// Which of an account's recordings a mount shows and lists.
public struct CatalogWindow: Hashable, Sendable {
    /// The kinds that are shown.
    public let kinds: Set<MediaKind>

    /// When they were made; recordings that don't tell are shown only where there is no bound.
    public let interval: CreationInterval

    /// Makes a window; without parameters it is all there is.
    public init(
        kinds: Set<MediaKind> = Set(MediaKind.allCases), interval: CreationInterval = CreationInterval()
    ) {
        self.kinds = kinds
        self.interval = interval
    }

    /// The times as a range of seconds.
    package var seconds: Range<Int64> {
        let lower = interval.lower?.seconds ?? .min
        return lower..<max(lower, interval.upper?.seconds ?? .max)
    }

    /// Whether every time is within it.
    var isUnbounded: Bool { interval.lower == nil && interval.upper == nil }

    /// Whether a recording is shown.
    func contains(_ entry: CatalogEntry) -> Bool {
        guard kinds.contains(entry.kind) else { return false }
        guard !isUnbounded else { return true }
        return entry.dateCreated.map { seconds.contains($0.seconds) } ?? false
    }
}
