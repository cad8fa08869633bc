extension TransferClient {
    /// What a client is doing.
    public struct Statistics: Sendable {
        /// Requests that have begun and not ended.
        public internal(set) var running = 0
        /// Requests that wait for their turn; those of which there are none are left out.
        public internal(set) var waiting: [Priority: Int] = [:]
        /// Hosts that can't be reached, lately couldn't, or ask for a pause, in the order of their names.
        public internal(set) var hosts: [Host] = []
        /// The requests that the limiter allows the account.
        public internal(set) var limiter: Limiter

        /// The number of concurrent requests that the account seems to allow.
        public struct Limiter: Hashable, Sendable {
            /// How many may run at once now.
            public internal(set) var limit: Int
            /// How many may, at the most.
            public let maximum: Int
            /// How many run.
            public internal(set) var running = 0
            /// The longest of the pauses that hosts ask for; zero when none does.
            public internal(set) var pause = Duration.zero
        }
    }
}
