/// The schedule of retrials of condemned content, since a fault on the way may have been repaired.
struct Retrial {
    /// The longest wait; each condemnation doubles the wait up to it.
    static let longestWait = Duration.seconds(900)

    private let wait: Duration

    /// The time from which an opening is a retrial.
    let isDueFrom: ContinuousClock.Instant

    /// Makes the retrial after a condemnation, and after an earlier retrial if any.
    init(after previous: Retrial?, firstWait: Duration, now: ContinuousClock.Instant) {
        wait = previous.map { min($0.wait * 2, Self.longestWait) } ?? firstWait
        isDueFrom = now + wait
    }
}
