/// How long to wait before a repetition: exponential, with full jitter.
///
/// Full jitter — any wait between nothing and the bound — spreads those who failed together the furthest, at no cost in
/// total waiting.
struct Backoff {
    private let first: Duration
    private let maximum: Duration
    private var bound: Duration

    init(first: Duration, maximum: Duration) {
        self.first = first
        self.maximum = maximum
        bound = min(first, maximum)
    }

    /// Draws the next wait and doubles the bound for the one after it.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let wait = bound * Double.random(in: 0...1, using: &generator)
        bound = min(bound * 2, maximum)
        return wait
    }

    /// Starts again with the first bound: something went well.
    mutating func reset() {
        bound = min(first, maximum)
    }
}
