public import FoundationEssentials

/// A metric: its declaration, and where its samples come from.
///
/// A counter or a histogram is recorded through the `MetricsFactory` that ``MetricRegistry`` is. All others are read
/// from a `Source`, which holds the state of the program at one moment.
public struct Metric<Source>: Sendable {
    /// Reads the samples from the state of the program.
    public typealias Reading = @Sendable (Source) -> [MetricSample]

    /// Everything that is written about it.
    public let declaration: MetricDeclaration

    /// Nil for a metric that is recorded.
    let read: Reading?

    /// Declares a metric; see ``MetricDeclaration`` for the parameters.
    ///
    /// - Parameter read: reads the samples; nil for a counter or a histogram, which are recorded.
    public init(
        _ kind: MetricDeclaration.Kind, _ name: String, unit: String = "", _ help: String,
        labels: [String] = [], field: FieldPath? = nil, omitsZero: Bool = false, read: Reading? = nil
    ) {
        declaration = MetricDeclaration(
            kind: kind, name: name, unit: unit, help: help, labels: labels, field: field, omitsZero: omitsZero)
        self.read = read
    }

    /// Declares a value that is in `status.json` only; see ``MetricDeclaration`` for the parameters.
    ///
    /// - Parameter read: reads the samples; nil for the field of an array's element that is a label.
    public init(fact help: String, unit: String = "", field: FieldPath, read: Reading? = nil) {
        declaration = MetricDeclaration(
            kind: .fact, name: nil, unit: unit, help: help, labels: [], field: field, omitsZero: false)
        self.read = read
    }
}

/// One value of a metric, and the labels that tell it from the others.
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

        /// The contents of a histogram's buckets, and the sum of all values.
        ///
        /// There is one more bucket than there are bounds.
        case distribution(counts: [Int64], sum: Double)

        /// Whether nothing was counted or measured.
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
    ///   - labels: the declared labels, and those that only the path in `status.json` needs.
    ///   - value: nil has the objects and arrays on the path made in which the value would be, even if they stay empty.
    public init(_ labels: [String: String] = [:], _ value: Value?) {
        self.labels = labels
        // JSON has no infinities.
        if case .number(let number) = value, !number.isFinite { self.value = nil } else { self.value = value }
    }
}
