/// Learns the number of concurrent requests that an account allows.
///
/// Twilio refuses excess requests with 429 without stating the limit. So a refusal halves the limit, and as many
/// successes as the limit raise it by one, as TCP finds the capacity of a path.
struct RequestLimiter {
    /// A running request's permit.
    struct Permit: Equatable {
        fileprivate let generation: Int
    }

    /// The result of a request, as it concerns the limit.
    enum Outcome: Equatable {
        /// The request was processed.
        case processed
        /// The request was refused as one too many.
        case refused(retryAfter: Duration?)
        /// Not known: the request was cancelled, or the connection broke.
        case unknown
    }

    /// The upper bound of `limit`.
    let maximum: Int
    /// The number of requests that may run now.
    private(set) var limit: Int
    /// The number of running requests.
    private(set) var running = 0
    private var successes = 0
    /// The number of halvings.
    ///
    /// A burst of requests is refused as a burst: requests started before the last halving don't halve the limit again,
    /// or one burst would reduce it to one.
    private var generation = 0

    init(maximum: Int) {
        self.maximum = max(1, maximum)
        limit = self.maximum
    }

    /// Whether a request may start.
    var hasRoom: Bool { running < limit }

    /// Returns a permit if a request may start.
    mutating func start() -> Permit? {
        guard hasRoom else { return nil }
        running += 1
        return Permit(generation: generation)
    }

    /// Ends a permit.
    mutating func finish(_ permit: Permit, _ outcome: Outcome) {
        running -= 1
        switch outcome {
        case .unknown:
            break
        case .processed:
            successes += 1
            if successes >= limit, limit < maximum {
                limit += 1
                successes = 0
            }
        case .refused:
            successes = 0
            if permit.generation == generation {
                generation += 1
                limit = max(1, limit / 2)
            }
        }
    }
}
