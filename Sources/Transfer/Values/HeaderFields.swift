public import Support

/// The header fields of an HTTP message, in the order received.
public struct HeaderFields: Sendable {
    private var fields: [(name: String, value: String)]

    /// Makes header fields from names and values.
    public init(_ pairs: [(String, String)]) { fields = pairs.map { (name: $0.0, value: $0.1) } }

    /// The first value of a field; names are case-insensitive.
    public subscript(name: String) -> String? {
        fields.first { HeaderFields.isSame($0.name, name) }?.value
    }

    static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left.lowercased() == right.lowercased()
    }

    mutating func append(name: String, value: String) { fields.append((name, value)) }

    /// Appends a folded line to the last field's value (RFC 9112, 5.2); returns whether there is such a field.
    mutating func continueLast(with text: String) -> Bool {
        guard !fields.isEmpty else { return false }
        fields[fields.count - 1].value += " " + text
        return true
    }
}

extension HeaderFields: Sequence {
    /// Iterates over names and values in the order received.
    public func makeIterator() -> IndexingIterator<[(name: String, value: String)]> {
        fields.makeIterator()
    }
}

extension HeaderFields: Redacted {
    /// The names only: values can be presigned URLs (`Location`), cookies and wrapped keys.
    public var description: String { fields.map(\.name).joined(separator: ", ") }
}
