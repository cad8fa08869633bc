import CFUSE
import Glibc
import Metrics

/// Counts and measures the kernel's requests.
///
/// A request finds its timer and its counter by index, without a lock.
struct RequestMetrics: Sendable {
    /// By the raw value of the operation.
    private let timers: [Timer]
    /// By the value of `errno`; nil for unused values.
    private let errors: [Counter?]

    init(_ factory: any MetricsFactory) {
        timers = Operation.allCases.map {
            Timer(label: "fuse_request_duration_seconds", dimensions: [("operation", $0.name)], factory: factory)
        }
        let numbers = Set(RequestErrorCode.allCases.map { ErrorAnswer($0).number })
        var errors: [Counter?] = Array(repeating: nil, count: 1 + Int(numbers.map(\.rawValue).max() ?? 0))
        for number in numbers {
            errors[Int(number.rawValue)] = Counter(
                label: "system_errors_total", dimensions: [("errno", number.name)], factory: factory)
        }
        self.errors = errors
    }

    /// Counts the error of an answer.
    func count(_ error: ErrorNumber) {
        let index = Int(error.rawValue)
        if errors.indices.contains(index) { errors[index]?.increment() }
    }

    /// Measures an answered request, which arrived at `start` by ``now``.
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
