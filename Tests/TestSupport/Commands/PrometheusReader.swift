import Foundation

/// A text of metrics as Prometheus' own Python library reads it.
public struct PrometheusReader: Decodable, Sendable {
    /// The type of each metric by its name.
    public let types: [String: String]

    /// The value of each sample by its name and its labels, as in `name label=value other=value`.
    public let samples: [String: Double]

    /// Has a text read.
    ///
    /// - Throws: when the library refuses it, a metric or a sample is there twice, or a metric has no help.
    public init(_ text: String) throws {
        self = try Python.value("metrics_text", usesPackages: true, input: Data(text.utf8))
    }
}
