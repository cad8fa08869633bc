import Foundation
import Metrics
import Monitoring
import TestSupport
import Testing

@Suite("The renderings of metrics", .orderly)
struct MetricReportTests {
    /// A registry with one metric that has these samples.
    private static func registry(
        _ samples: [MetricSample], kind: MetricDeclaration.Kind = .gauge, labels: [String] = [],
        field: FieldPath = "value"
    ) -> MetricRegistry<Source> {
        MetricRegistry([Metric(kind, "metric", "A metric.", labels: labels, field: field) { _ in samples }])
    }

    /// The JSON text without spaces and line breaks.
    private static func json(_ registry: MetricRegistry<Source>) throws -> String {
        let text = try String(decoding: registry.report(of: Source()).json, as: UTF8.self)
        return text.filter { !$0.isWhitespace }
    }

    private static func json(
        field: FieldPath, _ samples: [MetricSample]
    ) throws -> String {
        try json(registry(samples, field: field))
    }

    // MARK: Prometheus

    @Test("A metric has its help and its type, and no samples make no metric")
    func header() {
        #expect(
            Self.registry([MetricSample([:], .integer(1))]).text()
                == "# HELP test_metric A metric.\n# TYPE test_metric gauge\ntest_metric 1\n")
        #expect(Self.registry([]).text() == "")
        #expect(Self.registry([MetricSample([:], nil)]).text() == "")
    }

    @Test("Labels are escaped, whatever is in them, and those that aren't declared are left out")
    func labels() throws {
        let samples = try Self.registry(
            [MetricSample(["host": "a\"b\\c\nd", "status": "\\n", "other": "x"], .integer(1))],
            labels: ["host", "status"]
        ).samples()
        #expect(samples == ["test_metric host=a\"b\\c\nd status=\\n": 1])
    }

    @Test("Samples that differ in no declared label are added, and saturate")
    func sum() throws {
        func samples(_ numbers: Int64...) throws -> [String: Double] {
            try Self.registry(
                numbers.enumerated().map { MetricSample(["key": "a", "index": "\($0)"], .integer($1)) },
                labels: ["key"]
            ).samples()
        }
        #expect(try samples(3, 4) == ["test_metric key=a": 7])
        #expect(try samples(.max, 4) == ["test_metric key=a": Double(Int64.max)])
    }

    @Test("Of the words of a state one is 1 and the others are 0, also if the word is none of them")
    func states() throws {
        func samples(_ word: String) throws -> [String: Double] {
            try Self.registry(
                [MetricSample(["list": "a"], .text(word))], kind: .state(["on", "off"]), labels: ["list"]
            ).samples()
        }
        #expect(try samples("off") == ["test_metric list=a state=on": 0, "test_metric list=a state=off": 1])
        #expect(try samples("odd") == ["test_metric list=a state=on": 0, "test_metric list=a state=off": 0])
    }

    @Test("Numbers, times and flags are numbers, a number that is none is left out")
    func values() throws {
        for (value, number) in [
            (.number(1.5), 1.5), (.number(3), 3), (.time(Date(timeIntervalSince1970: 60)), 60), (.flag(true), 1),
            (.flag(false), 0), (.integer(.max), Double(Int64.max)),
        ] as [(MetricSample.Value, Double)] {
            #expect(try Self.registry([MetricSample([:], value)]).samples() == ["test_metric": number])
        }
        for number in [Double.infinity, -.infinity, .nan] {
            #expect(Self.registry([MetricSample([:], .number(number))]).text() == "")
        }
    }

    // MARK: JSON

    @Test("Each kind of value is written as JSON has it")
    func jsonValues() throws {
        for (value, text) in [
            (.integer(.min), "\(Int64.min)"), (.number(1.5), "1.5"), (.number(3), "3"), (.flag(true), "true"),
            (.text("a/b\"c"), "\"a/b\\\"c\""), (.time(Date(timeIntervalSince1970: 60)), "\"1970-01-01T00:01:00Z\""),
        ] as [(MetricSample.Value, String)] {
            #expect(try Self.json(field: "value", [MetricSample([:], value)]) == "{\"value\":\(text)}")
        }
        #expect(try Self.json(field: "value", [MetricSample([:], .number(.nan))]) == "{}")
    }

    @Test("A path leads through objects, members named by labels, and elements found by labels")
    func paths() throws {
        let hosts = [
            MetricSample(["host": "b", "status": "200"], .integer(1)),
            MetricSample(["host": "a", "status": "200"], .integer(2)),
        ]
        #expect(try Self.json(field: "a.b.{host}.c", hosts) == #"{"a":{"b":{"a":{"c":2},"b":{"c":1}}}}"#)
        #expect(
            try Self.json(field: "list[host,status].count", hosts)
                == #"{"list":[{"count":1,"host":"b","status":"200"},{"count":2,"host":"a","status":"200"}]}"#,
            "in the order of the samples")
        #expect(
            try Self.json(field: "list[name=host,#status].count", hosts)
                == #"{"list":[{"count":1,"name":"b"},{"count":2,"name":"a"}]}"#)
    }

    @Test("Metrics that share an element or an object fill it together")
    func shared() throws {
        let registry = MetricRegistry<Source>(
            ["count", "size"].map { name in
                Metric(.gauge, name, "A number.", field: "hosts[host].\(name)") { _ in
                    ["a", "b"].map { MetricSample(["host": $0], .integer(1)) }
                }
            })
        #expect(
            try Self.json(registry)
                == #"{"hosts":[{"count":1,"host":"a","size":1},{"count":1,"host":"b","size":1}]}"#)
    }

    @Test("An optional element is skipped by samples without its label")
    func optional() throws {
        let samples = [
            MetricSample(["list": "a"], .integer(1)), MetricSample(["list": "a", "account": "AC"], .integer(2)),
        ]
        #expect(
            try Self.json(field: "accounts[sid=account]?.lists.{list}.count", samples)
                == #"{"accounts":[{"lists":{"a":{"count":2}},"sid":"AC"}],"lists":{"a":{"count":1}}}"#)
    }

    @Test("A sample without a value makes what is on its path, as far as it has the labels")
    func containers() throws {
        let nothing = [MetricSample([:], nil)]
        #expect(try Self.json(field: "errors.media.{kind}", nothing) == #"{"errors":{"media":{}}}"#)
        #expect(try Self.json(field: "hosts[host].count", nothing) == #"{"hosts":[]}"#)
        #expect(try Self.json(field: "a.b", nothing) == #"{"a":{}}"#)
        #expect(
            try Self.json(field: "lists.{list}.by.{status}", [MetricSample(["list": "x"], nil)])
                == #"{"lists":{"x":{"by":{}}}}"#)
        #expect(try Self.json(field: "hosts[host].count", []) == "{}")
    }

    @Test("What nobody has counted yet has its place as well")
    func recorded() throws {
        let registry = MetricRegistry<Source>([
            Metric(.counter, "events_total", "Events.", field: "events"),
            Metric(.counter, "requests_total", "Requests.", labels: ["host"], field: "requests[host].count"),
            Metric(.counter, "errors_total", "Errors.", labels: ["kind"], field: "errors.{kind}", omitsZero: true),
        ])
        #expect(try Self.json(registry) == #"{"errors":{},"events":0,"requests":[]}"#)
        for host in ["b", "a"] {
            Counter(label: "requests_total", dimensions: [("host", host)], factory: registry).increment()
        }
        #expect(
            try Self.json(registry)
                == #"{"errors":{},"events":0,"requests":[{"count":1,"host":"a"},{"count":1,"host":"b"}]}"#)
    }

    @Test("A value that is no metric is in the JSON only")
    func fact() throws {
        let registry = MetricRegistry<Source>([
            Metric(fact: "A name.", field: "name") { _ in [MetricSample([:], .text("x"))] },
            Metric(fact: "A label.", field: "hosts[host].host"),
        ])
        #expect(registry.text() == "")
        #expect(try Self.json(registry) == #"{"name":"x"}"#)
    }

    @Test(
        "A path is documented with brackets for elements and capital letters for names",
        arguments: [
            ("a.b", "a.b"), ("lists.{list}.state", "lists.LIST.state"), ("hosts[host,#index].error", "hosts[].error"),
            ("accounts[sid=account]?.lists.{list}", "lists.LIST"),
        ] as [(FieldPath, String)])
    func documented(path: FieldPath, text: String) {
        #expect(path.description == text)
    }
}
