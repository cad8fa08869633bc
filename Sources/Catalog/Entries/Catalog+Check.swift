/// Checking what was too much to be checked when the catalog was opened.
///
/// What is found sets the file aside, as damage does that a query meets.
extension Catalog {
    /// Compares what is told of all entries together with the entries (``CatalogCheck/checkWhole(_:while:)``).
    ///
    /// One transaction that reads: it keeps nobody from writing, but SQLite's journal from being begun anew.
    ///
    /// - Parameter isWanted: asked now and then; the check fails when it is not.
    package func checkWhole(while isWanted: () -> Bool = { true }) throws(CatalogError) {
        try storage.readTogether { try storage.check.checkWhole($0, while: isWanted) }
    }

    /// Checks the entries that follow a position, and what belongs to them.
    ///
    /// - Returns: the position of the last one; nil when none was left.
    package func checkRows(after position: Int64, limit: Int) throws(CatalogError) -> Int64? {
        try storage.readTogether { try storage.check.checkRows(of: $0, after: position, limit: limit) }
    }
}
