import Support

extension TransferClient.Statistics {
    /// What keeps requests from one host.
    public struct Host: Hashable, Sendable {
        /// What its circuit breaker does.
        public enum Breaker: String, Hashable, Sendable, CaseIterable {
            /// Lets every request through.
            case closed
            /// Lets none through, since the host can't be reached.
            case open
            /// Has let one through, to see if the host can be reached again.
            case halfOpen = "half_open"
        }

        /// The host, with its port where that isn't the scheme's own.
        public let name: String
        /// What its circuit breaker does.
        public internal(set) var breaker = Breaker.closed
        /// Attempts to connect in a row that failed.
        public internal(set) var failures = 0
        /// Why the last of them failed, in one line; `nil` when none has.
        public internal(set) var reason: String?
        /// How long until the next attempt; zero unless the breaker is open.
        public internal(set) var nextAttempt = Duration.zero
        /// How long the host has asked to wait, for media or for the rest, whichever is longer; zero when it hasn't.
        public internal(set) var pause = Duration.zero

        init(name: String) {
            self.name = name
        }

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
