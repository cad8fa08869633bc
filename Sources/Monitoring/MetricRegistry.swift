public import Metrics
import Support

/// The metrics of one mount: makes their handlers, and gathers the values for a ``MetricReport``.
///
/// The program's parts get it as a `MetricsFactory` in their initializers. swift-metrics' `MetricsSystem` can't replace
/// it: a process has only one, and tests have several mounts in a process.
public final class MetricRegistry<Source>: MetricsFactory {
    private typealias AllSeries = [String: [[String: String]: any MetricSeries]]

    private let metrics: [Metric<Source>]
    private let declarations: [String: MetricDeclaration]
    /// The handlers by name and labels; the recording parts hold them too, to avoid a lookup.
    private let series = Locked<AllSeries>([:])

    /// Makes a registry of all metrics, in the order of the Prometheus text.
    public init(_ metrics: [Metric<Source>]) {
        self.metrics = metrics
        declarations = Dictionary(
            metrics.compactMap { metric in metric.declaration.name.map { ($0, metric.declaration) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Reads all values from the state of the program at one moment, and from the handlers.
    public func report(of source: Source) -> MetricReport {
        let series = series.withLock { $0 }
        return MetricReport(
            families: metrics.map { metric in
                (metric.declaration, metric.read?(source) ?? Self.samples(series, metric.declaration))
            })
    }

    /// The recorded samples, in a stable order.
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
    /// - Parameter make: Returns nil if the declaration is of another kind.
    /// - Returns: Nil, after a failed assertion in a debug build, if no such metric with these labels is declared.
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

    /// Makes a declared counter.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(label, dimensions) { $0.kind == .counter ? CountingHandler() : nil } ?? NOOPMetricsHandler.instance
    }

    /// Makes a timer of a histogram declared with the unit `seconds`.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, isTimer: true) ?? NOOPMetricsHandler.instance
    }

    /// Makes a recorder of a histogram declared with another unit; it has to aggregate.
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

    // The metrics belong to the whole mount, so they are never destroyed.

    /// Keeps the counter.
    public func destroyCounter(_ handler: any CounterHandler) {}

    /// Keeps the timer.
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// Keeps the recorder.
    public func destroyRecorder(_ handler: any RecorderHandler) {}
}
