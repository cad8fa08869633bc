import FoundationEssentials
import Metrics

/// The counters and timers of the transfer thread, which alone uses them.
struct TransferMetrics {
    /// The end of a request; its description is the label of a counter.
    enum Outcome: Hashable, CustomStringConvertible {
        /// A response with this status began, whether its body was complete or not.
        case status(Int)
        /// No response began.
        case failed
        /// The request was cancelled before a response began.
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

    /// The largest number of hosts with metrics of their own; presigned addresses have few, without a guarantee.
    private static let maximalHosts = 64
    /// The name of all other hosts.
    private static let otherHosts = "other"

    /// The bytes of all bodies, those of refused responses included.
    let receivedBytes: Counter
    /// The retries of all transfers.
    let retries: Counter
    private let factory: any MetricsFactory
    private var hosts: [String: Host] = [:]

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        receivedBytes = Counter(label: "http_received_bytes_total", factory: factory)
        retries = Counter(label: "http_retries_total", factory: factory)
    }

    /// Counts an ended request; each retry and each redirect is one more request.
    mutating func requestEnded(_ outcome: Outcome, at address: Address) {
        let name = add(Self.host(of: address))
        if let counter = hosts[name]?.requests[outcome] { return counter.increment() }
        let counter = Counter(
            label: "http_requests_total", dimensions: [("host", name), ("status", "\(outcome)")], factory: factory)
        hosts[name]?.requests[outcome] = counter
        counter.increment()
    }

    /// Records the time from the start of a request, connecting included, to the start of its response.
    mutating func responseBegan(after duration: Duration, from address: Address) {
        hosts[add(Self.host(of: address))]?.firstByte.record(duration: duration)
    }

    /// Adds a host unless it is known; returns its name in the metrics.
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

    /// The host, with the port if the address has one; other parts of an address may be secret.
    private static func host(of address: Address) -> String {
        let host = (address.url.host() ?? "").lowercased()
        return address.url.port.map { "\(host):\($0)" } ?? host
    }
}
