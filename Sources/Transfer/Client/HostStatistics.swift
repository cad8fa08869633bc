import Support

extension TransferClient.Statistics {
    /// The obstacles to requests to one host.
    public struct Host: Hashable, Sendable {
        /// The state of a circuit breaker.
        public enum Breaker: String, Hashable, Sendable, CaseIterable {
            /// All requests pass.
            case closed
            /// No requests pass: the host is unreachable.
            case open
            /// One request has passed, to test the host.
            case halfOpen = "half_open"
        }

        /// The host, with its port unless it is the scheme's default.
        public let name: String
        /// The state of its circuit breaker.
        public internal(set) var breaker = Breaker.closed
        /// The number of consecutive failures to connect.
        public internal(set) var failures = 0
        /// The reason of the last failure in one line; nil without one.
        public internal(set) var reason: String?
        /// The time until the next attempt; zero unless the breaker is open.
        public internal(set) var nextAttempt = Duration.zero
        /// The longest pause that the host asked for, for media or other requests; zero without one.
        public internal(set) var pause = Duration.zero

        init(name: String) { self.name = name }

        init(name: String, _ breaker: CircuitBreaker, now: CircuitBreaker.Instant) {
            self.name = name
            failures = breaker.failures
            reason = breaker.reason.isEmpty ? nil : breaker.reason.description
            switch breaker.state {
            case .closed: self.breaker = .closed
            case .halfOpen: self.breaker = .halfOpen
            case .open(let until):
                self.breaker = .open
                nextAttempt = max(.zero, now.duration(to: until))
            }
        }
    }
}
