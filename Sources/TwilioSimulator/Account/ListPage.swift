import NIOCore

/// Is one page of a list.
struct ListPage {
    /// What is on it, in order.
    var items: [ListItem] = []
    /// Writes the generated recordings, which items name by number.
    var template: GeneratedTemplate?
    /// Whether there are more.
    var hasMore = false

    /// The place of the last of the items.
    var end: Position? {
        switch items.last {
        case .rendered(_, let position): position
        case .generated(let number): template?.recordings.position(number)
        case nil: nil
        }
    }

    /// Writes a JSON object with the page as one of its members.
    ///
    /// - Parameters:
    ///   - key: the name of the array of resources.
    ///   - members: the other members.
    func body(_ key: String, members: [String: JSONValue]) -> ByteBuffer {
        var template = template
        var body = ByteBuffer()
        body.reserveCapacity(2048 + items.count * (template?.size ?? 0))
        body.writeBytes(JSONValue.object(members).text.dropLast())
        body.writeString(",\"\(key)\":[")
        // Each resource is put together in an array, which is cheaper to add to than a buffer.
        var text: [UInt8] = []
        for item in items {
            text.removeAll(keepingCapacity: true)
            switch item {
            case .rendered(let value, _): text = value.text
            case .generated(let number): template?.write(number, to: &text)
            }
            text.append(UInt8(ascii: ","))
            body.writeBytes(text)
        }
        if !items.isEmpty { body.moveWriterIndex(to: body.writerIndex - 1) }
        body.writeString("]}")
        return body
    }
}

/// Is a resource on a page.
enum ListItem {
    /// One as the API shows it, with its place in the list.
    case rendered(JSONValue, Position)
    /// A generated recording, by its number.
    case generated(Int)
}
