/// The path of a value in `status.json`, depending on the labels of its sample.
///
/// Dots separate its steps:
/// - `name` is a member of an object.
/// - `{label}` is the member named by the label's value.
/// - `name[field=label]` is the element of an array whose field has the label's value. `name[field]` is short for
///   `name[field=field]`. Commas separate several fields. `#label` distinguishes elements by a label that is in no
///   field. A sample without the label skips a step with a `?` behind it.
public struct FieldPath: ExpressibleByStringInterpolation, Hashable, Sendable {
    /// The identification of an element of an array.
    struct Key: Hashable {
        /// The element's field with the label's value; nil without one.
        let field: String?
        let label: String
    }

    enum Step: Hashable {
        case member(String)
        case labelled(String)
        case element(String, [Key], isOptional: Bool)
    }

    let steps: [Step]

    /// Reads a path in the notation above.
    public init(stringLiteral text: String) { steps = text.split(separator: ".").map { Step($0) } }
}

extension FieldPath: CustomStringConvertible {
    /// The path for `doc/STATUS.md`, without optional steps: `lists.LIST.recordings`, `hosts[].failures`.
    public var description: String {
        steps.compactMap { step in
            switch step {
            case .member(let name): name
            case .labelled(let label): label.uppercased()
            case .element(_, _, isOptional: true): nil
            case .element(let array, _, isOptional: false): "\(array)[]"
            }
        }.joined(separator: ".")
    }
}

extension FieldPath.Step {
    fileprivate init(_ text: Substring) {
        if text.hasPrefix("{"), text.hasSuffix("}") {
            self = .labelled(String(text.dropFirst().dropLast()))
            return
        }
        let parts = text.split(separator: "[", maxSplits: 1)
        guard parts.count == 2 else {
            self = .member(String(text))
            return
        }
        let keys = parts[1].prefix { $0 != "]" }.split(separator: ",").map { key in
            if key.hasPrefix("#") { return FieldPath.Key(field: nil, label: String(key.dropFirst())) }
            let names = key.split(separator: "=").map(String.init)
            return FieldPath.Key(field: names[0], label: names.last ?? names[0])
        }
        self = .element(String(parts[0]), keys, isOptional: text.hasSuffix("?"))
    }
}
