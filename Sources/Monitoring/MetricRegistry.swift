public import Metrics
import Support

/// A registry of the metrics of one mount, which makes their handlers and reports their values.
///
/// The parts of the program receive it as a `MetricsFactory` in their initializers. They can't use the `MetricsSystem`
/// of swift-metrics: a process has only one, but tests have several mounts in a process.
public final class MetricRegistry<Source>: MetricsFactory {
    private typealias AllSeries = [String: [[String: String]: any MetricSeries]]

    private let metrics: [Metric<Source>]
    private let declarations: [String: MetricDeclaration]
    /// The handlers by name and labels; the parts that record values keep their handlers, to avoid a lookup.
    private let series = Locked<AllSeries>([:])

    /// Makes a registry of metrics, which are given in the order of the Prometheus text.
    public init(_ metrics: [Metric<Source>]) {
        self.metrics = metrics
        declarations = Dictionary(
            metrics.compactMap { metric in metric.declaration.name.map { ($0, metric.declaration) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Reports all values: those of recorded metrics from the handlers, all others from `source`.
    public func report(of source: Source) -> MetricReport {
        let series = series.withLock { $0 }
        return MetricReport(
            families: metrics.map { metric in
                (metric.declaration, metric.read?(source) ?? Self.samples(series, metric.declaration))
            })
    }

    /// The recorded samples of a metric, ordered by the values of their labels.
    private static func samples(_ series: AllSeries, _ declaration: MetricDeclaration) -> [MetricSample] {
        guard declaration.kind != .fact else { return [] }
        let recorded = declaration.name.flatMap { series[$0] } ?? [:]
        var samples = recorded.map { MetricSample($0, $1.value) }
        if declaration.omitsZero { samples.removeAll { $0.value?.isZero ?? true } }
        if samples.isEmpty, declaration.labels.isEmpty, declaration.kind == .counter {
            return [MetricSample([:], .integer(0))]
        }
        samples.sort { first, second in
            for label in declaration.labels {
                let (one, other) = (first.labels[label] ?? "", second.labels[label] ?? "")
                if one != other { return one < other }
            }
            return false
        }
        return [MetricSample([:], nil)] + samples
    }
}

extension MetricRegistry {
    /// Returns the handler for a name and labels, and makes it if there is none.
    ///
    /// In a debug build, an assertion fails if no metric of this kind is declared with this name and these labels.
    ///
    /// - Parameter make: Makes the handler; returns nil if the declaration is of another kind.
    /// - Returns: The handler; nil if no such metric is declared.
    private func handler<Handler: MetricSeries>(
        _ name: String, _ dimensions: [(String, String)], make: (MetricDeclaration) -> Handler?
    ) -> Handler? {
        let labels = Dictionary(dimensions, uniquingKeysWith: { _, last in last })
        guard let declaration = declarations[name], labels.keys.sorted() == declaration.labels.sorted(),
            let handler = make(declaration)
        else {
            assertionFailure("no metric '\(name)' of this kind is declared with the labels \(labels.keys.sorted())")
            return nil
        }
        return series.withLock { series in
            if let known = series[name]?[labels] as? Handler { return known }
            series[name, default: [:]][labels] = handler
            return handler
        }
    }

    /// Returns the handler of a declared counter.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(label, dimensions) { $0.kind == .counter ? CountingHandler() : nil } ?? NOOPMetricsHandler.instance
    }

    /// Returns the handler of a histogram that is declared with the unit `seconds`.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, isTimer: true) ?? NOOPMetricsHandler.instance
    }

    /// Returns the handler of a histogram that is declared with a unit other than `seconds`.
    ///
    /// - Parameter aggregate: Must be true; false would request a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        assert(aggregate, "gauges are read, not recorded")
        return histogram(label, dimensions, isTimer: false) ?? NOOPMetricsHandler.instance
    }

    private func histogram(_ name: String, _ dimensions: [(String, String)], isTimer: Bool) -> HistogramHandler? {
        handler(name, dimensions) { declaration in
            guard case .histogram(let bounds) = declaration.kind, (declaration.unit == "seconds") == isTimer else {
                return nil
            }
            return HistogramHandler(bounds: bounds, scale: isTimer ? 1e9 : 1)
        }
    }

    // The handlers are kept until the registry is freed, at the end of the mount.

    /// Does nothing: the registry keeps the counter.
    public func destroyCounter(_ handler: any CounterHandler) {}

    /// Does nothing: the registry keeps the timer.
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// Does nothing: the registry keeps the recorder.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
}
