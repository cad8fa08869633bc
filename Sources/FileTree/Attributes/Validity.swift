import Catalog
import Readability

/// How long the kernel may keep names and attributes, in seconds.
enum Validity {
    /// A day: completed media never changes.
    static let long = 86_400.0

    /// Directories, and everything that may turn out to be otherwise.
    static let short = 1.0
}

/// How long the kernel may keep names.
struct NameValidity: Sendable {
    /// Knows which recordings may come to be left out; nil where none are.
    let readability: Readability?

    /// The validity of a name, in seconds.
    ///
    /// - Parameter entry: the recording that it belongs to, if it does.
    func of(_ node: Node, _ entry: CatalogEntry?) -> Double {
        if let entry {
            let mayVanish = readability?.mayVanish(entry, account: Int(node.branch.rawValue)) ?? false
            return mayVanish ? Validity.short : Validity.long
        }
        return switch node.place {
        // The last recording of a date or a call may go.
        case .directory(.date), .directory(.group): Validity.short
        case .directory, .link, .media, .metadata, .control: Validity.long
        }
    }
}
