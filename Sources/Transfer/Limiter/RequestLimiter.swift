/// Learns the number of concurrent requests that an account allows.
///
/// Twilio refuses excess requests with 429 without stating the limit. So a refusal lowers the limit, and as many
/// successes as the limit raise it by one. As in DCTCP (RFC 8257), the decrease is half the share of refused requests.
/// A limit that is much too high is halved; one at which few requests are refused, or at which refusals don't depend on
/// the number of requests, is lowered little.
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
    /// The number of running requests.
    private(set) var running = 0
    /// The limit with its fraction, which grows between two limits; from 1 to `maximum`.
    private var capacity: Double
    /// The share of refused requests, from 0 to 1, as a moving average; at first the worst is assumed.
    private var refusedShare = 1.0
    /// The number of decreases.
    ///
    /// A burst of requests is refused as a burst: requests started before the last decrease don't lower the limit
    /// again, or one burst would reduce it to one.
    private var generation = 0

    /// The weight of one request in `refusedShare`.
    private static let weight = 1.0 / 16

    init(maximum: Int) {
        self.maximum = max(1, maximum)
        capacity = Double(self.maximum)
    }

    /// The number of requests that may run now.
    var limit: Int { Int(capacity) }

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
            refusedShare -= refusedShare * Self.weight
            capacity = min(capacity + 1 / capacity, Double(maximum))
        case .refused:
            refusedShare += (1 - refusedShare) * Self.weight
            if permit.generation == generation {
                generation += 1
                capacity = max(1, capacity * (1 - refusedShare / 2))
            }
        }
    }
}
