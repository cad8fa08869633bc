/// The declaration of a metric: everything that is written about it, once.
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
        /// Prometheus gets a gauge with the label `state` for each word: 1 for the word that holds, 0 for the others.
        case state([String])

        /// The distribution of measured values.
        ///
        /// The bounds of its buckets, in the metric's unit, rise; a value belongs to the first bucket whose bound it
        /// doesn't exceed.
        case histogram(bounds: [Double])

        /// A value that isn't measured, such as a name; it is in `status.json` only.
        case fact
    }

    /// The behaviour of its values.
    public let kind: Kind

    /// The name in the Prometheus text, without the program's prefix; nil for a value that is in `status.json` only.
    public let name: String?

    /// The unit of a value, as `doc/STATUS.md` has it; empty where there is none.
    public let unit: String

    /// The meaning, in one sentence.
    public let help: String

    /// The names of the labels of each sample in the Prometheus text, in their order there.
    public let labels: [String]

    /// The path in `status.json`; nil for a metric that is in the Prometheus text only.
    public let field: FieldPath?

    /// Whether a counter that has counted nothing, or a histogram that has measured nothing, is left out.
    public let omitsZero: Bool
}
