extension TransferClient {
    /// The activity of a client, and the hosts that hinder it.
    public struct Statistics: Sendable {
        /// The number of running requests.
        public internal(set) var running = 0
        /// The number of queued requests by priority; priorities without any are left out.
        public internal(set) var waiting: [Priority: Int] = [:]
        /// The hosts that are or lately were unreachable, or ask for a pause; sorted by name.
        public internal(set) var hosts: [Host] = []
        /// The limit of requests with a credential.
        public internal(set) var limiter: Limiter

        /// The limit of concurrent requests with a credential, as learned from the account's refusals.
        public struct Limiter: Hashable, Sendable {
            /// The number of requests that may run now.
            public internal(set) var limit: Int
            /// The upper bound of `limit`.
            public let maximum: Int
            /// The number of running requests with a credential.
            public internal(set) var running = 0
            /// The longest pause that a host asks for; zero without one.
            public internal(set) var pause = Duration.zero
        }
    }
}
