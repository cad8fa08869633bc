import FoundationEssentials
import Support

/// Prometheus' text format, version 0.0.4.
struct PrometheusText {
    private(set) var text = ""
    private let prefix: String

    init(prefix: String) { self.prefix = prefix }

    /// Adds a metric, unless it has no samples or is only in `status.json`.
    ///
    /// Samples with the same values of the declared labels become one: whole numbers are added, and of other values the
    /// last one counts.
    mutating func add(_ samples: [MetricSample], of declaration: MetricDeclaration) {
        guard let name = declaration.name else { return }
        var order: [[String]] = []
        var values: [[String]: MetricSample.Value] = [:]
        for sample in samples {
            guard let value = sample.value else { continue }
            let labels = declaration.labels.map { sample.labels[$0] ?? "" }
            if let other = values[labels] {
                values[labels] = other + value
            } else {
                order.append(labels)
                values[labels] = value
            }
        }
        guard !order.isEmpty else { return }
        let type =
            switch declaration.kind {
            case .counter: "counter"
            case .gauge, .state, .fact: "gauge"
            case .histogram: "histogram"
            }
        text += "# HELP \(prefix)\(name) \(declaration.help)\n# TYPE \(prefix)\(name) \(type)\n"
        for labels in order {
            guard let value = values[labels] else { continue }
            add(name, Array(zip(declaration.labels, labels)), value, of: declaration.kind)
        }
    }

    private mutating func add(
        _ name: String, _ labels: [(String, String)], _ value: MetricSample.Value, of kind: MetricDeclaration.Kind
    ) {
        switch (value, kind) {
        case (.text(let word), .state(let words)):
            for other in words { line(name, labels + [("state", other)], other == word ? "1" : "0") }
        case (.distribution(let counts, let sum), .histogram(let bounds)):
            // Each bucket of the format includes the lower ones.
            var total: Int64 = 0
            for (index, count) in counts.enumerated() {
                total += count
                let bound = index < bounds.count ? Self.formatted(bounds[index]) : "+Inf"
                line("\(name)_bucket", labels + [("le", bound)], "\(total)")
            }
            line("\(name)_sum", labels, Self.formatted(sum))
            line("\(name)_count", labels, "\(total)")
        case (.integer(let number), _): line(name, labels, "\(number)")
        case (.number(let number), _): line(name, labels, Self.formatted(number))
        case (.time(let time), _): line(name, labels, Self.formatted(time.timeIntervalSince1970))
        case (.flag(let flag), _): line(name, labels, flag ? "1" : "0")
        case (.text, _), (.distribution, _): break
        }
    }

    private mutating func line(_ name: String, _ labels: [(String, String)], _ value: String) {
        let list = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
        text += "\(prefix)\(name)\(list.isEmpty ? "" : "{\(list)}") \(value)\n"
    }

    private static func escaped(_ value: String) -> String {
        var escaped = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": escaped += #"\\"#
            case "\"": escaped += #"\""#
            case "\n": escaped += #"\n"#
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// A number's text; a whole number, as nearly all are, has no decimals.
    private static func formatted(_ value: Double) -> String { Int64(exactly: value).map { "\($0)" } ?? "\(value)" }
}

extension MetricSample.Value {
    /// The sum of two whole numbers; the second of other values.
    fileprivate static func + (_ first: Self, _ second: Self) -> Self {
        guard case (.integer(let one), .integer(let other)) = (first, second) else { return second }
        return .integer(one.addingSaturated(other))
    }
}
