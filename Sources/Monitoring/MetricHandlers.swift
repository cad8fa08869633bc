import Metrics
import Support
import Synchronization

/// What a label's values have been counted or measured to.
protocol MetricSeries: AnyObject, Sendable {
    var value: MetricSample.Value { get }
}

/// A counter.
///
/// Atomics cost no lock. ThreadSanitizer understands them: they are compiled into this module, unlike the operations
/// of `Synchronization.Mutex`. Nothing else is read or written by their order, so it may be relaxed.
final class CountingHandler: CounterHandler, MetricSeries {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() {
        count.store(0, ordering: .relaxed)
    }

    var current: Int64 { count.load(ordering: .relaxed) }

    var value: MetricSample.Value { .integer(current) }
}

/// A histogram with fixed bounds.
///
/// A measurement is two atomic additions, without an allocation or a lock.
final class HistogramHandler: TimerHandler, RecorderHandler, MetricSeries {
    /// In the unit of what is recorded: nanoseconds, or the metric's own.
    private let bounds: [Int64]

    /// One for each bound, and one for what exceeds the last.
    private let counts: [CountingHandler]
    private let sum = CountingHandler()

    /// How many of the recorded units are one of the metric's.
    private let scale: Double

    init(bounds: [Double], scale: Double) {
        self.bounds = bounds.map { Int64(saturating: ($0 * scale).rounded()) }
        self.scale = scale
        counts = (0...bounds.count).map { _ in CountingHandler() }
    }

    func recordNanoseconds(_ duration: Int64) {
        record(duration)
    }

    func record(_ value: Double) {
        record(Int64(saturating: value))
    }

    func record(_ value: Int64) {
        var index = 0
        // There are few bounds, and most values belong to the first: this is as fast as halving.
        while index < bounds.count, value > bounds[index] { index += 1 }
        counts[index].increment(by: 1)
        sum.increment(by: value)
    }

    var value: MetricSample.Value {
        .distribution(counts: counts.map(\.current), sum: Double(sum.current) / scale)
    }
}
