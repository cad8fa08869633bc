import CFUSE
import Glibc
import Metrics

/// Counts and measures the kernel's requests.
///
/// A request finds its timer and its counter without a lock.
struct RequestMetrics: Sendable {
    /// The timers, by the raw value of the operation.
    private let timers: [Timer]
    /// The counters, by the value of `errno`.
    private let errors: [Int32: Counter]

    init(_ factory: any MetricsFactory) {
        timers = Operation.allCases.map {
            Timer(label: "fuse_request_duration_seconds", dimensions: [("operation", $0.name)], factory: factory)
        }
        let numbers = Set(RequestErrorCode.allCases.map { ErrorAnswer($0).number })
        errors = numbers.reduce(into: [:]) { errors, number in
            errors[number.rawValue] = Counter(
                label: "system_errors_total", dimensions: [("errno", number.name)], factory: factory)
        }
    }

    /// Counts the error of an answer.
    func count(_ error: ErrorNumber) { errors[error.rawValue]?.increment() }

    /// Measures an answered request that arrived at `start`, a value of ``now``.
    func answered(_ operation: Operation, since start: Int64) {
        timers[operation.rawValue].recordNanoseconds(Self.now - start)
    }

    /// Nanoseconds of a monotonic clock, at half the cost of `ContinuousClock`, whose durations have 128 bits.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
