/// The declaration of a metric: its name, its meaning and its places in the output.
///
/// The Prometheus text and `status.json` use it, and a test compares it with the tables of `doc/STATUS.md`.
public struct MetricDeclaration: Sendable {
    /// The kind of a metric's values.
    public enum Kind: Hashable, Sendable {
        /// The number of events since the start.
        case counter
        /// A number that rises and falls.
        case gauge

        /// A state: one of the given words.
        ///
        /// The Prometheus text has a gauge for each word, with the label `state`: 1 for the current word, else 0.
        case state([String])

        /// The distribution of measured values.
        ///
        /// The bounds of the buckets ascend, in the metric's unit. A value belongs to the first bucket whose bound is
        /// at least as great as the value.
        case histogram(bounds: [Double])

        /// A value that only `status.json` has, such as a name.
        case fact
    }

    /// The kind of the values.
    public let kind: Kind
    /// The name in the Prometheus text, without the program's prefix; nil if only `status.json` has the value.
    public let name: String?
    /// The unit; empty if there is none.
    public let unit: String
    /// The meaning, in one sentence.
    public let help: String
    /// The names of the labels, in the order of the Prometheus text.
    public let labels: [String]
    /// The path in `status.json`; nil if only the Prometheus text has the metric.
    public let field: FieldPath?
    /// Whether to omit samples of counters that are 0 and histograms without values.
    public let omitsZero: Bool
}
