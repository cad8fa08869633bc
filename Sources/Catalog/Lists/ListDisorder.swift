import Support

/// Why a fetch fails that has relied on a list being ordered from newest to oldest, when a page shows another order.
///
/// The list's coverage is void then, and the next fetch doesn't rely on the order.
package struct ListDisorder: Error, CustomStringConvertible {
    package var description: String { "a page shows another order" }

    /// The failure.
    package static var error: CatalogError {
        CatalogError(
            .incompleteList, "the list isn't ordered, the newest first; it is fetched from its beginning",
            cause: ListDisorder())
    }
}

extension CatalogError {
    /// Whether a list has turned out to have another order, so that what it covered doesn't count any more.
    package var isDisorder: Bool { cause is ListDisorder }
}
