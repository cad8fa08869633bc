import FoundationEssentials

extension TransferClient {
    /// What a client has done since it was made, and what it is doing.
    public struct Statistics: Sendable {
        /// How a request ended.
        public enum Outcome: Hashable, Sendable, CustomStringConvertible {
            /// With an answer of this status, whatever became of its body.
            case status(Int)
            /// Without an answer.
            case failed
            /// Without an answer, since nobody wanted one any more.
            case cancelled

            /// The status, or `failed` or `cancelled`.
            public var description: String {
                switch self {
                case .status(let status): "\(status)"
                case .failed: "failed"
                case .cancelled: "cancelled"
                }
            }
        }

        /// Requests to one host that ended in the same way.
        public struct RequestKind: Hashable, Sendable {
            /// The host, with its port where the address has one; ``otherHosts`` for those beyond the first 64.
            public let host: String
            /// How they ended.
            public let outcome: Outcome
        }

        /// Stands for all hosts that have no numbers of their own.
        public static let otherHosts = "other"

        /// How many requests have ended; repetitions and redirects count each.
        public internal(set) var requests: [RequestKind: Int64] = [:]
        /// Bytes of bodies that have come, whatever became of them.
        public internal(set) var receivedBytes: Int64 = 0
        /// How often a transfer has waited in order to be repeated.
        public internal(set) var retries: Int64 = 0
        /// Requests that have begun and not ended.
        public internal(set) var running = 0
        /// Requests that wait for their turn; those of which there are none are left out.
        public internal(set) var waiting: [Priority: Int] = [:]
        /// Hosts that can't be reached, lately couldn't, or ask for a pause, in the order of their names.
        public internal(set) var hosts: [Host] = []
        /// What the limiter allows the account.
        public internal(set) var limiter: Limiter

        /// How many requests at once the account seems to allow.
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

extension TransferClient.Statistics {
    /// Hosts that have numbers of their own: presigned addresses have few, but nobody has promised that.
    private static let maximalHosts = 64

    /// Counts a request that has ended.
    mutating func count(_ outcome: Outcome, at address: Address) {
        let host = Self.host(of: address)
        let kind = RequestKind(host: host, outcome: outcome)
        if let count = requests[kind] {
            requests[kind] = count + 1
        } else {
            let hosts = Set(requests.keys.map(\.host))
            let isCounted = hosts.contains(host) || hosts.subtracting([Self.otherHosts]).count < Self.maximalHosts
            requests[RequestKind(host: isCounted ? host : Self.otherHosts, outcome: outcome), default: 0] += 1
        }
    }

    /// The host alone: nothing else of an address is sure to be no secret.
    private static func host(of address: Address) -> String {
        let host = (address.url.host() ?? "").lowercased()
        return address.url.port.map { "\(host):\($0)" } ?? host
    }
}
