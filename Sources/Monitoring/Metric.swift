public import FoundationEssentials

/// A metric: its declaration and the source of its samples.
///
/// Counters and histograms are recorded through ``MetricRegistry``, a `MetricsFactory`. All others are read from a
/// `Source`, the state of the program at one moment.
public struct Metric<Source>: Sendable {
    /// Reads the samples from the state of the program.
    public typealias Reading = @Sendable (Source) -> [MetricSample]

    /// The declaration of the metric.
    public let declaration: MetricDeclaration
    /// Nil for a recorded metric, and for a field that holds a label.
    let read: Reading?

    /// Declares a metric; see ``MetricDeclaration`` for the parameters.
    ///
    /// - Parameter read: Reads the samples; nil for a recorded counter or histogram.
    public init(
        _ kind: MetricDeclaration.Kind, _ name: String, unit: String = "", _ help: String,
        labels: [String] = [], field: FieldPath? = nil, omitsZero: Bool = false, read: Reading? = nil
    ) {
        declaration = MetricDeclaration(
            kind: kind, name: name, unit: unit, help: help, labels: labels, field: field, omitsZero: omitsZero)
        self.read = read
    }

    /// Declares a value that only `status.json` has; see ``MetricDeclaration`` for the parameters.
    ///
    /// - Parameter read: Reads the samples; nil for the field that holds a label of an array's element.
    public init(fact help: String, unit: String = "", field: FieldPath, read: Reading? = nil) {
        declaration = MetricDeclaration(
            kind: .fact, name: nil, unit: unit, help: help, labels: [], field: field, omitsZero: false)
        self.read = read
    }
}

/// One value of a metric, and the labels that identify it.
public struct MetricSample: Sendable {
    /// A value.
    public enum Value: Hashable, Sendable {
        /// A whole number.
        case integer(Int64)
        /// Another number.
        case number(Double)
        /// A time: ISO 8601 in `status.json`, seconds since 1970 for Prometheus.
        case time(Date)
        /// A text, or the word of a state.
        case text(String)
        /// Yes or no.
        case flag(Bool)
        /// The counts of a histogram's buckets, one more than its bounds, and the sum of all values.
        case distribution(counts: [Int64], sum: Double)

        /// Whether the value is the number 0 or a distribution without values.
        var isZero: Bool {
            switch self {
            case .integer(let number): number == 0
            case .distribution(let counts, _): counts.allSatisfy { $0 == 0 }
            case .number, .time, .text, .flag: false
            }
        }
    }

    let labels: [String: String]
    let value: Value?

    /// Makes a sample.
    ///
    /// - Parameters:
    ///   - labels: The declared labels, and those for the path in `status.json` only.
    ///   - value: The value; nil makes the objects and arrays on its path, even if they stay empty.
    public init(_ labels: [String: String] = [:], _ value: Value?) {
        self.labels = labels
        // JSON has no infinities.
        if case .number(let number) = value, !number.isFinite { self.value = nil } else { self.value = value }
    }
}
