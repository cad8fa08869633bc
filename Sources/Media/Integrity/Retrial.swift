/// When content that was declared bad may be fetched anew.
///
/// The bad bytes may have come from something on the way that is well again.
struct Retrial {
    /// The longest wait: each further declaration doubles the wait up to this.
    static let longestWait = Duration.seconds(900)

    private let wait: Duration

    /// From when on an opening fetches the content anew.
    let isDueFrom: ContinuousClock.Instant

    /// The retrial after a declaration, and after an earlier retrial where there was one.
    init(after previous: Retrial?, firstWait: Duration, now: ContinuousClock.Instant) {
        wait = previous.map { min($0.wait * 2, Self.longestWait) } ?? firstWait
        isDueFrom = now + wait
    }
}
