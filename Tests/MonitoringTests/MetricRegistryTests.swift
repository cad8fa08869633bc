import Foundation
import Metrics
import Monitoring
import TestSupport
import Testing

/// The state of a program that has one number to tell.
struct Source {
    var number: Int64 = 7
}

extension MetricRegistry<Source> {
    /// The text of all metrics.
    func text(_ source: Source = Source()) -> String {
        report(of: source).prometheusText(prefix: "test_")
    }

    /// The samples as Prometheus reads them.
    func samples(_ source: Source = Source()) throws -> [String: Double] {
        try PrometheusReader(text(source)).samples
    }
}

@Suite("A registry of metrics", .orderly)
struct MetricRegistryTests {
    private static let metrics: [Metric<Source>] = [
        Metric(.gauge, "number", "A number that is read.", field: "number") {
            [MetricSample([:], .integer($0.number))]
        },
        Metric(.counter, "events_total", "Events.", field: "events"),
        Metric(.counter, "answers_total", "Answers.", labels: ["host", "status"], field: "answers.{host}.{status}"),
        Metric(.counter, "errors_total", "Errors.", labels: ["kind"], field: "errors.{kind}", omitsZero: true),
        Metric(
            .histogram(bounds: [0.001, 0.01, 1]), "duration_seconds", unit: "seconds", "Durations.",
            labels: ["operation"]),
        Metric(.histogram(bounds: [10, 100]), "size_bytes", unit: "bytes", "Sizes."),
        Metric(.histogram(bounds: [1]), "rare_bytes", unit: "bytes", "Rare sizes.", omitsZero: true),
    ]

    @Test("A metric that is read has the value that its source has at that moment")
    func reading() throws {
        let registry = MetricRegistry(Self.metrics)
        #expect(try registry.samples()["test_number"] == 7)
        #expect(try registry.samples(Source(number: -1))["test_number"] == -1)
    }

    @Test("Counters with the same labels are one, those with other labels another")
    func counters() throws {
        let registry = MetricRegistry(Self.metrics)
        func counter(_ host: String, _ status: String) -> Counter {
            Counter(label: "answers_total", dimensions: [("host", host), ("status", status)], factory: registry)
        }
        counter("a", "200").increment(by: 2)
        counter("a", "200").increment()
        counter("a", "404").increment(by: 5)
        // The order of the labels makes no difference.
        Counter(label: "answers_total", dimensions: [("status", "200"), ("host", "b")], factory: registry).increment()
        let samples = try registry.samples()
        #expect(samples["test_answers_total host=a status=200"] == 3)
        #expect(samples["test_answers_total host=a status=404"] == 5)
        #expect(samples["test_answers_total host=b status=200"] == 1)
    }

    @Test("A counter without labels is there before it counts, what omits zero only afterwards")
    func zero() throws {
        let registry = MetricRegistry(Self.metrics)
        let error = Counter(label: "errors_total", dimensions: [("kind", "bad")], factory: registry)
        let size = Recorder(label: "size_bytes", factory: registry)
        let rare = Recorder(label: "rare_bytes", factory: registry)
        let before = try registry.samples()
        #expect(before["test_events_total"] == 0)
        #expect(before["test_size_bytes_count"] == 0 && before["test_rare_bytes_count"] == nil)
        #expect(before["test_errors_total kind=bad"] == nil)
        error.increment()
        rare.record(0)
        let after = try registry.samples()
        #expect(after["test_errors_total kind=bad"] == 1 && after["test_rare_bytes_count"] == 1)
        withExtendedLifetime(size) {}
    }

    @Test("A value belongs to the first bucket whose bound it doesn't exceed, and Prometheus' buckets add up")
    func histogram() throws {
        let registry = MetricRegistry(Self.metrics)
        let timer = Timer(label: "duration_seconds", dimensions: [("operation", "read")], factory: registry)
        for nanoseconds in [0, 1_000_000, 1_000_001, 10_000_000, 999_999_999, 1_000_000_001] as [Int64] {
            timer.recordNanoseconds(nanoseconds)
        }
        let size = Recorder(label: "size_bytes", factory: registry)
        for bytes in [10, 11, 1000] { size.record(bytes) }
        size.record(1e300)
        let (types, samples) = { ($0.types, $0.samples) }(try PrometheusReader(registry.text()))
        #expect(types["test_duration_seconds"] == "histogram" && types["test_size_bytes"] == "histogram")
        for (bound, count) in [("0.001", 2), ("0.01", 4), ("1", 5), ("+Inf", 6)] as [(String, Double)] {
            #expect(samples["test_duration_seconds_bucket le=\(bound) operation=read"] == count, "\(bound)")
        }
        #expect(samples["test_duration_seconds_count operation=read"] == 6)
        #expect(abs((samples["test_duration_seconds_sum operation=read"] ?? 0) - 2.012000001) < 1e-8)
        #expect(samples["test_size_bytes_bucket le=10"] == 1 && samples["test_size_bytes_bucket le=100"] == 2)
        #expect(samples["test_size_bytes_count"] == 4)
    }

    @Test("Nothing that several threads count is lost")
    func threads() async throws {
        let registry = MetricRegistry(Self.metrics)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    let counter = Counter(label: "events_total", factory: registry)
                    let size = Recorder(label: "size_bytes", factory: registry)
                    for number in 0..<10_000 {
                        counter.increment()
                        size.record(number % 20)
                        if number % 5000 == 0 { _ = registry.text() }
                    }
                }
            }
        }
        let samples = try registry.samples()
        #expect(samples["test_events_total"] == 80_000)
        #expect(samples["test_size_bytes_bucket le=10"] == 44_000 && samples["test_size_bytes_count"] == 80_000)
    }

    @Test("The numbers of two registries in one process don't mix")
    func twoRegistries() throws {
        let (first, second) = (MetricRegistry(Self.metrics), MetricRegistry(Self.metrics))
        Counter(label: "events_total", factory: first).increment()
        #expect(try first.samples()["test_events_total"] == 1)
        #expect(try second.samples()["test_events_total"] == 0)
    }

    @Test("Recording a metric that isn't declared like that ends a debug build")
    func undeclared() async {
        await #expect(processExitsWith: .failure) {
            _ = Counter(label: "unknown_total", factory: MetricRegistry<Source>([]))
        }
        await #expect(processExitsWith: .failure) {
            let registry = MetricRegistry<Source>([Metric(.counter, "events_total", "Events.", labels: ["kind"])])
            _ = Counter(label: "events_total", factory: registry)
        }
        await #expect(processExitsWith: .failure) {
            let registry = MetricRegistry<Source>([Metric(.counter, "events_total", "Events.")])
            _ = Timer(label: "events_total", factory: registry)
        }
        await #expect(processExitsWith: .failure) {
            let bounds = MetricDeclaration.Kind.histogram(bounds: [1])
            let registry = MetricRegistry<Source>([Metric(bounds, "size_bytes", unit: "bytes", "Sizes.")])
            _ = Timer(label: "size_bytes", factory: registry)
        }
    }
}
