import FoundationEssentials
import Metrics

/// The counters and timers of the transfer thread, which alone uses them.
struct TransferMetrics {
    /// How a request ended.
    enum Outcome: Hashable, CustomStringConvertible {
        /// With an answer of this status, whatever became of its body.
        case status(Int)
        /// Without an answer.
        case failed
        /// Without an answer, since nobody wanted one any more.
        case cancelled

        var description: String {
            switch self {
            case .status(let status): "\(status)"
            case .failed: "failed"
            case .cancelled: "cancelled"
            }
        }
    }

    private struct Host {
        let firstByte: Timer
        var requests: [Outcome: Counter] = [:]
    }

    /// Hosts that have numbers of their own: presigned addresses have few, but nobody has promised that.
    private static let maximalHosts = 64

    /// Stands for all other hosts.
    private static let otherHosts = "other"

    private let receivedBytes: Counter
    private let retries: Counter
    private let factory: any MetricsFactory
    private var hosts: [String: Host] = [:]

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        receivedBytes = Counter(label: "http_received_bytes_total", factory: factory)
        retries = Counter(label: "http_retries_total", factory: factory)
    }

    /// Counts bytes of a body that have come, whatever becomes of them.
    func received(byteCount: Int) {
        receivedBytes.increment(by: byteCount)
    }

    /// Counts the wait of a transfer before it is repeated.
    func willRepeat() {
        retries.increment()
    }

    /// Counts a request that has ended; repetitions and redirects count each.
    mutating func requestEnded(_ outcome: Outcome, at address: Address) {
        let name = add(Self.host(of: address))
        if let counter = hosts[name]?.requests[outcome] { return counter.increment() }
        let counter = Counter(
            label: "http_requests_total", dimensions: [("host", name), ("status", "\(outcome)")], factory: factory)
        hosts[name]?.requests[outcome] = counter
        counter.increment()
    }

    /// Measures the time from the beginning of a request, connecting included, to that of its answer.
    mutating func answerBegan(after duration: Duration, from address: Address) {
        hosts[add(Self.host(of: address))]?.firstByte.record(duration: duration)
    }

    /// The name that a host counts under.
    private mutating func add(_ host: String) -> String {
        if hosts[host] != nil { return host }
        let isOwn = hosts.count - (hosts[Self.otherHosts] == nil ? 0 : 1) < Self.maximalHosts
        let name = isOwn ? host : Self.otherHosts
        if hosts[name] == nil {
            hosts[name] = Host(
                firstByte: Timer(label: "http_first_byte_seconds", dimensions: [("host", name)], factory: factory))
        }
        return name
    }

    /// The host alone, with its port where the address has one: nothing else of an address is sure to be no secret.
    private static func host(of address: Address) -> String {
        let host = (address.url.host() ?? "").lowercased()
        return address.url.port.map { "\(host):\($0)" } ?? host
    }
}
