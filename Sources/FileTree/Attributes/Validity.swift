import Catalog
import Readability

/// The times for which the kernel may keep names and attributes, in seconds.
enum Validity {
    /// A day: completed media never changes.
    static let long = 86_400.0
    /// A second: directories and everything uncertain may change.
    static let short = 1.0
}

/// The times for which the kernel may keep names.
struct NameValidity: Sendable {
    /// Knows the recordings that may be hidden later; nil if none are.
    let readability: Readability?

    /// The validity of a name, in seconds.
    ///
    /// - Parameters:
    ///   - entry: The name's recording; nil for other names.
    ///   - isFinal: Whether the recording keeps the name.
    func of(_ node: Node, _ entry: CatalogEntry?, isFinal: Bool = true) -> Double {
        if let entry {
            let mayVanish = !isFinal || readability?.mayVanish(entry, account: Int(node.branch.rawValue)) ?? false
            return mayVanish ? Validity.short : Validity.long
        }
        return switch node.place {
        // The last recording of a date, a call, a room, a conference or a telephone number may disappear.
        case .directory(.date), .directory(.group), .directory(.number): Validity.short
        case .directory, .link, .media, .metadata, .control: Validity.long
        }
    }
}
