import Metrics
import Support
import Synchronization

/// The record of a metric for one set of label values.
protocol MetricSeries: AnyObject, Sendable {
    var value: MetricSample.Value { get }
}

/// A counter.
///
/// It is an atomic and needs no lock. ThreadSanitizer understands atomics, which are compiled into this module, but not
/// `Synchronization.Mutex`. The order is relaxed, since no other access depends on it.
final class CountingHandler: CounterHandler, MetricSeries {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }

    func reset() { count.store(0, ordering: .relaxed) }

    var current: Int64 { count.load(ordering: .relaxed) }

    var value: MetricSample.Value { .integer(current) }
}

/// A histogram with fixed bounds.
///
/// A measurement is two atomic additions, without an allocation or a lock.
final class HistogramHandler: TimerHandler, RecorderHandler, MetricSeries {
    /// The bounds in the recorded unit: nanoseconds, or the metric's unit.
    private let bounds: [Int64]
    /// A count for each bound, and one for values beyond the last.
    private let counts: [CountingHandler]
    private let sum = CountingHandler()
    /// The number of recorded units in one of the metric's units.
    private let scale: Double

    init(bounds: [Double], scale: Double) {
        self.bounds = bounds.map { Int64(saturating: ($0 * scale).rounded()) }
        self.scale = scale
        counts = (0...bounds.count).map { _ in CountingHandler() }
    }

    func recordNanoseconds(_ duration: Int64) { record(duration) }

    func record(_ value: Double) { record(Int64(saturating: value)) }

    func record(_ value: Int64) {
        var index = 0
        // With few bounds and mostly small values, this is as fast as a binary search.
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts[index].increment(by: 1)
        sum.increment(by: value)
    }

    var value: MetricSample.Value { .distribution(counts: counts.map(\.current), sum: Double(sum.current) / scale) }
}
