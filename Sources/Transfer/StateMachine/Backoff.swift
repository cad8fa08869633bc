/// The waits before retries: exponential with full jitter.
///
/// Full jitter draws any wait up to the bound: it spreads simultaneous failures best and adds no total waiting time.
struct Backoff {
    private let first: Duration
    private let maximum: Duration
    private var bound: Duration

    init(first: Duration, maximum: Duration) {
        self.first = first
        self.maximum = maximum
        bound = min(first, maximum)
    }

    /// Draws the next wait and doubles the bound.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let wait = bound * Double.random(in: 0...1, using: &generator)
        bound = min(bound * 2, maximum)
        return wait
    }

    /// Resets the bound after a success.
    mutating func reset() { bound = min(first, maximum) }
}
