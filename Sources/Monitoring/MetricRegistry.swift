public import Metrics
import Support

/// The metrics of one mount: makes what records them, and gathers them for a ``MetricReport``.
///
/// The parts of the program get it as a `MetricsFactory` in their initializers. swift-metrics' `MetricsSystem` isn't
/// used: it is one for the whole process, in which tests have several mounts.
public final class MetricRegistry<Source>: MetricsFactory {
    private typealias AllSeries = [String: [[String: String]: any MetricSeries]]

    private let metrics: [Metric<Source>]
    private let declarations: [String: MetricDeclaration]

    /// The handlers that were made, by name and labels.
    ///
    /// The parts that record hold them, and don't look here.
    private let series = Locked<AllSeries>([:])

    /// Makes a registry.
    ///
    /// - Parameter metrics: all metrics, in the order of the Prometheus text.
    public init(_ metrics: [Metric<Source>]) {
        self.metrics = metrics
        declarations = Dictionary(
            metrics.compactMap { metric in metric.declaration.name.map { ($0, metric.declaration) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Takes all values, with the state of the program at one moment.
    public func report(of source: Source) -> MetricReport {
        let series = series.withLock { $0 }
        return MetricReport(
            families: metrics.map { metric in
                (metric.declaration, metric.read?(source) ?? Self.samples(series, metric.declaration))
            })
    }

    /// The samples of what is recorded, in an order that stays the same.
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
    /// Makes a handler, or finds the one with the same labels.
    ///
    /// - Parameter make: returns nil if the declaration is of another kind.
    /// - Returns: nil, in a debug build a failed assertion, if there is no such metric with these labels.
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

    /// Makes a counter that is declared.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(label, dimensions) { $0.kind == .counter ? CountingHandler() : nil } ?? NOOPMetricsHandler.instance
    }

    /// Makes a timer of a histogram that is declared with the unit `seconds`.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, isTimer: true) ?? NOOPMetricsHandler.instance
    }

    /// Makes a recorder of a histogram that is declared with another unit; there are none without aggregation.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
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

    // The metrics are those of the whole mount.

    /// Keeps the counter.
    public func destroyCounter(_ handler: any CounterHandler) {}

    /// Keeps the timer.
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// Keeps the recorder.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
}
