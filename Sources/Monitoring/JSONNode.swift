/// A value, an object or an array of the JSON text; it grows with each sample.
final class JSONNode: Encodable {
    private enum Content {
        case value(MetricSample.Value)
        case object([String: JSONNode])
        /// The elements in order, and by their identifying values.
        case array([JSONNode], [[String]: JSONNode])
    }

    private var content = Content.object([:])

    /// Puts a sample's value at the end of its path, and makes the objects and arrays on the path.
    func place(_ sample: MetricSample, at path: FieldPath) {
        var node = self
        for (index, step) in path.steps.enumerated() {
            switch step {
            case .member(let name):
                guard sample.value != nil || index < path.steps.count - 1 else { return }
                node = node.member(name)
            case .labelled(let label):
                guard let name = sample.labels[label] else { return }
                node = node.member(name)
            case .element(let array, let keys, let isOptional):
                let values = keys.compactMap { sample.labels[$0.label] }
                let isIdentified = values.count == keys.count
                if isOptional, !isIdentified { continue }
                node = node.member(array)
                guard let element = node.element(keys, isIdentified ? values : nil) else { return }
                node = element
            }
        }
        if let value = sample.value { node.content = .value(value) }
    }

    private func member(_ name: String) -> JSONNode {
        guard case .object(var members) = content else { return self }
        if let member = members[name] { return member }
        let member = JSONNode()
        members[name] = member
        content = .object(members)
        return member
    }

    /// Makes this node an array if it isn't one, and finds or makes the element with these values; nil without values.
    private func element(_ keys: [FieldPath.Key], _ values: [String]?) -> JSONNode? {
        var (elements, known): ([JSONNode], [[String]: JSONNode]) =
            if case .array(let elements, let known) = content { (elements, known) } else { ([], [:]) }
        // `content` gives up its reference to the array, since each new element would copy a shared array.
        content = .array([], [:])
        defer { content = .array(elements, known) }
        guard let values else { return nil }
        if let element = known[values] { return element }
        let element = JSONNode()
        for (key, value) in zip(keys, values) {
            if let field = key.field { element.member(field).content = .value(.text(value)) }
        }
        elements.append(element)
        known[values] = element
        return element
    }

    func encode(to encoder: any Encoder) throws {
        switch content {
        case .object(let members): try members.encode(to: encoder)
        case .array(let elements, _): try elements.encode(to: encoder)
        case .value(let value):
            var container = encoder.singleValueContainer()
            switch value {
            case .integer(let number): try container.encode(number)
            case .number(let number): try container.encode(number)
            case .time(let time): try container.encode(time)
            case .text(let text): try container.encode(text)
            case .flag(let flag): try container.encode(flag)
            case .distribution(let counts, _): try container.encode(counts)
            }
        }
    }
}
