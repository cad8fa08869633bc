/// What is stored about a list as a whole.
package struct StoredListState: Hashable, Sendable {
    /// The times of creation for which the catalog has the list.
    package var coverage: Coverage

    /// The times of creation that the running full pass has covered.
    package var passCoverage: Coverage

    /// When new resources were last requested, in seconds since 1970; nil for never.
    package var refreshed: Int64?

    /// When a full pass was last completed, in seconds since 1970; nil for never.
    package var passed: Int64?

    /// When the running full pass last made progress, in whichever mount, in seconds since 1970; nil for never.
    package var touched: Int64?
}

/// The two coverages of a list, with their numbers in the database.
package enum CoveragePurpose: Int64, Sendable {
    /// What the catalog has.
    case list = 0

    /// What the running full pass has covered.
    case pass = 1
}
