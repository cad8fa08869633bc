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
        let folder = try TemporaryFolder()
        let script = BuiltPrograms.package.appending(path: "Tests/Scripts/metrics_text.py").path
        let output = try Command.shell(
            #"/usr/bin/python3 -BEs "$1" <"$2""#, script, try folder.file("metrics", text)
        ).output
        self = try JSONDecoder().decode(Self.self, from: output)
    }
}
