public import FoundationEssentials

/// The samples of one metric.
struct MetricFamily: Sendable {
    let declaration: MetricDeclaration
    let samples: [MetricSample]

    init(_ declaration: MetricDeclaration, _ samples: [MetricSample]) {
        self.declaration = declaration
        self.samples = samples
    }
}

/// All metrics at one moment, and their renderings.
public struct MetricReport: Sendable {
    let families: [MetricFamily]

    /// The metrics in Prometheus' text format, version 0.0.4, with a newline at the end.
    ///
    /// - Parameter prefix: begins each name.
    public func prometheusText(prefix: String) -> String {
        var text = PrometheusText(prefix: prefix)
        for family in families { text.add(family) }
        return text.text
    }

    /// The values that have a path, as a JSON object, for people as well as programs.
    ///
    /// - Throws: `EncodingError`, for no value there is.
    public var json: Data {
        get throws {
            let root = JSONNode()
            for family in families {
                guard let path = family.declaration.field else { continue }
                for sample in family.samples { root.place(sample, at: path) }
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            encoder.dateEncodingStrategy = .iso8601
            return try encoder.encode(root)
        }
    }
}
