import Catalog
import Support

/// The failure of a list, for a log line that already names the list.
struct ListFailure: CausedError {
    let message: String
    let fields: [String: String]
    let endsUnwantedWork: Bool

    /// Removes the list's name from the message of an error.
    init(_ error: CatalogError, list: String) {
        message = error.explanation
            .replacing("\(list) could not be fetched: ", with: "")
            .replacing(" \(list)", with: " it")
        fields = error.chainedFields
        endsUnwantedWork = error.isCancellation
    }
}
