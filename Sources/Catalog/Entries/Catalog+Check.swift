/// Checks that would take too long when the catalog is opened.
///
/// Damage found here sets the file aside, like damage found by a query.
extension Catalog {
    /// Compares the summaries of all entries with the entries (``CatalogCheck/checkWhole(_:while:)``).
    ///
    /// It is one read transaction: writers don't wait for it, but SQLite can't restart its journal.
    ///
    /// - Parameter isWanted: polled now and then; the check fails when it returns false.
    package func checkWhole(while isWanted: () -> Bool = { true }) throws(CatalogError) {
        try storage.readTogether { try storage.check.checkWhole($0, while: isWanted) }
    }

    /// Checks some entries after a position, and returns the position of the last one; nil when none was left.
    package func checkRows(after position: Int64, limit: Int) throws(CatalogError) -> Int64? {
        try storage.readTogether { try storage.check.checkRows(of: $0, after: position, limit: limit) }
    }
}
