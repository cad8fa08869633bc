import Metrics
import Support
import Synchronization

/// The recorded value of a metric for one set of label values.
protocol MetricSeries: AnyObject, Sendable {
    var value: MetricSample.Value { get }
}

/// A counter.
///
/// An atomic number needs no lock. Its memory order is relaxed, since no other memory access depends on it.
final class CountingHandler: CounterHandler, MetricSeries {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }

    func reset() { count.store(0, ordering: .relaxed) }

    var current: Int64 { count.load(ordering: .relaxed) }

    var value: MetricSample.Value { .integer(current) }
}

/// A histogram with fixed bounds.
///
/// Recording a value takes two atomic additions, without an allocation or a lock.
final class HistogramHandler: TimerHandler, RecorderHandler, MetricSeries {
    /// The bounds in the unit of the recorded values: nanoseconds for a timer, otherwise the metric's unit.
    private let bounds: [Int64]
    /// The counts of the buckets: one for each bound, and one for values greater than all bounds.
    private let counts: [CountingHandler]
    private let sum = CountingHandler()
    /// The factor from the metric's unit to the unit of the recorded values: 1e9 for a timer, otherwise 1.
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
        // The bounds are few and most values are small, so a linear search ends early.
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts[index].increment(by: 1)
        sum.increment(by: value)
    }

    var value: MetricSample.Value { .distribution(counts: counts.map(\.current), sum: Double(sum.current) / scale) }
}
