public import FoundationEssentials

/// All metrics at one moment, and their renderings.
public struct MetricReport: Sendable {
    let families: [(declaration: MetricDeclaration, samples: [MetricSample])]

    /// The metrics in Prometheus' text format, version 0.0.4, with a newline at the end.
    ///
    /// - Parameter prefix: The prefix of each name.
    public func prometheusText(prefix: String) -> String {
        var text = PrometheusText(prefix: prefix)
        for (declaration, samples) in families { text.add(samples, of: declaration) }
        return text.text
    }

    /// The values with a path, as a JSON object for people and programs.
    ///
    /// - Throws: `EncodingError`, which no value of a metric causes.
    public var json: Data {
        get throws {
            let root = JSONNode()
            for (declaration, samples) in families {
                guard let path = declaration.field else { continue }
                for sample in samples { root.place(sample, at: path) }
            }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            encoder.dateEncodingStrategy = .iso8601
            return try encoder.encode(root)
        }
    }
}
