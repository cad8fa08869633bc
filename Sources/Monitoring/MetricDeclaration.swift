/// The declaration of a metric, the only source for its texts.
///
/// The Prometheus text, `status.json` and the tables of `doc/STATUS.md` follow from it.
public struct MetricDeclaration: Sendable {
    /// The behaviour of a metric's values.
    public enum Kind: Hashable, Sendable {
        /// A number of events since the start.
        case counter
        /// A number that rises and falls.
        case gauge

        /// One of these words.
        ///
        /// Prometheus gets a gauge with the label `state` for each word: 1 for the current word, 0 for the others.
        case state([String])

        /// The distribution of measured values.
        ///
        /// The buckets' bounds rise, in the metric's unit; a value belongs to the first bucket whose bound it doesn't
        /// exceed.
        case histogram(bounds: [Double])

        /// A value that isn't measured, such as a name; only in `status.json`.
        case fact
    }

    /// The behaviour of its values.
    public let kind: Kind
    /// The name in the Prometheus text, without the program's prefix; nil for a value only in `status.json`.
    public let name: String?
    /// The unit for `doc/STATUS.md`; empty without one.
    public let unit: String
    /// The meaning, in one sentence.
    public let help: String
    /// The names of each sample's labels in the Prometheus text, in their order.
    public let labels: [String]
    /// The path in `status.json`; nil for a metric only in the Prometheus text.
    public let field: FieldPath?
    /// Whether an empty counter or histogram is omitted.
    public let omitsZero: Bool
}
