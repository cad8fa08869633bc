import Catalog
import Support

/// The failure of a list, for a log line that has named the list.
struct ListFailure: CausedError {
    let message: String
    let fields: [String: String]
    let endsUnwantedWork: Bool

    /// Takes the list's name out of an error.
    ///
    /// - Parameters:
    ///   - error: Why the list failed.
    ///   - list: Its name, as errors have it.
    init(_ error: CatalogError, list: String) {
        message = error.explanation
            .replacing("\(list) could not be had: ", with: "")
            .replacing(" \(list)", with: " it")
        fields = error.chainedFields
        endsUnwantedWork = error.isCancellation
    }
}
