/// Holds the OAuth tokens that are accepted, and counts them.
///
/// A value without locks; its owner serialises access.
struct OAuthTokens: Sendable {
    /// The ends of the tokens that were given out.
    private var ends: [String: ContinuousClock.Instant] = [:]
    /// Those that were given out since the start, in order.
    private(set) var all: [String] = []
    /// How many requests for a token were refused since the start.
    private(set) var refused = 0

    /// Accepts a token from now on.
    mutating func add(_ token: String, endingAt end: ContinuousClock.Instant) {
        ends[token] = end
        all.append(token)
    }

    /// Counts a refused request for a token.
    mutating func refuse() { refused += 1 }

    /// Whether a token is accepted.
    func accepts(_ token: String, now: ContinuousClock.Instant) -> Bool { ends[token].map { now < $0 } ?? false }

    /// Ends all tokens.
    mutating func endAll() { ends = [:] }

    /// The counts, for the simulator's control.
    func counts(now: ContinuousClock.Instant) -> JSONValue {
        [
            "given_out": .integer(all.count), "refused": .integer(refused),
            "accepted": .integer(ends.values.count { now < $0 }),
        ]
    }
}
