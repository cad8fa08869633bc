/// The stored state of a list as a whole.
package struct StoredListState: Hashable, Sendable {
    /// The creation times for which the catalog has the list.
    package var coverage: Coverage

    /// The creation times that the running pass has covered.
    package var passCoverage: Coverage

    /// The time of the last refresh, in seconds since 1970; nil if there was none.
    package var refreshed: Int64?

    /// The time of the last completed pass, in seconds since 1970; nil if there was none.
    package var passed: Int64?

    /// The creation times that the last completed pass has covered: those that its mount shows.
    package var passedTimes = Coverage.none

    /// Whether a page has shown that the list isn't ordered from newest to oldest.
    package var isUnordered = false

    /// The time of the last progress of a pass, in any mount, in seconds since 1970; nil or 0 if none is running.
    package var touched: Int64?

    /// The time of the last completed pass over some creation times; nil if there was none.
    package func passed(over times: Range<Int64>) -> Int64? { passedTimes.contains(times) ? passed : nil }
}

/// The coverages of a list, with their numbers in the database.
package enum CoveragePurpose: Int64, Sendable {
    /// The catalog's content.
    case list = 0

    /// The progress of the running pass.
    case pass = 1

    /// The calls, by their beginnings, with the number of voice recordings as kind.
    case calls = 2

    /// The times of the last completed pass.
    case passed = 3
}

/// The outcome of an attempt to begin a pass.
package enum PassStart: Hashable, Sendable {
    /// A pass has begun, or an abandoned one continues; the value is what it has covered already.
    case begun(Coverage)

    /// The pass of another mount is running.
    case running

    /// Another mount has completed a pass lately; the value is when it began, in seconds since 1970.
    case completed(Int64)
}
