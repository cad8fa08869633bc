/// Learns how many requests at once an account allows, from its answers.
///
/// Twilio refuses what is too many at once with 429 and doesn't say how many that is. So the limit is halved when it
/// refuses and grows by one after as many successes as the limit is: the way TCP finds the width of a path.
struct RequestLimiter {
    /// What a request that may run holds until it has ended.
    struct Permit: Equatable {
        fileprivate let generation: Int
    }

    /// How a request ended, as far as the limit is concerned.
    enum Outcome: Equatable {
        /// It was processed.
        case processed
        /// It was refused as one too many.
        case refused(retryAfter: Duration?)
        /// It says nothing: cancelled, or the connection broke.
        case unknown
    }

    /// How many requests may run at once at the most.
    let maximum: Int
    /// How many requests may run at once now.
    private(set) var limit: Int
    /// How many run.
    private(set) var running = 0
    private var successes = 0
    /// Counts the halvings.
    ///
    /// A burst of requests is refused as a burst: those that started before the last halving must not halve the limit
    /// once more each, or one bad moment would bring it to one.
    private var generation = 0

    init(maximum: Int) {
        self.maximum = max(1, maximum)
        limit = self.maximum
    }

    /// Whether a request may start.
    var hasRoom: Bool { running < limit }

    /// Lets a request start, or doesn't.
    mutating func start() -> Permit? {
        guard hasRoom else { return nil }
        running += 1
        return Permit(generation: generation)
    }

    /// Takes a permit back.
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
