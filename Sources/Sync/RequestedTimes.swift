import Catalog
import Support

/// The creation times that the tasks of a list request: decided from what is stored, without I/O.
///
/// The end of a list's coverage is open: the page with the newest resource covers all later times. So coverage doesn't
/// tell what was created since. Neither does the newest resource that is stored: a refresh that breaks off has stored
/// newer ones than those that it lacks, and single recordings are requested by name. What counts is the time when the
/// list was last requested up to the present, and all of it stored. That time is one for all mounts of the account:
/// what the refresh of a mount leaves out isn't covered any more (``leftOut(by:)``).
struct RequestedTimes {
    let stored: StoredListState
    /// The creation time of the newest stored resource, in seconds since 1970; nil if there is none.
    let newest: Int64?
    /// The creation times that the mount shows.
    let shown: Range<Int64>
    /// The seconds that a list may show recordings late.
    let overlap: Int64
    let now: Int64

    /// The time from which on resources may have been created that the catalog lacks.
    var uncertainFrom: Int64 {
        guard let newest else { return .min }
        // A time in the future comes from a clock that was set back.
        let known = min(max(0, newest), now)
        return min(known, max(0, stored.refreshed ?? known)).subtractingSaturated(overlap)
    }

    /// The missing parts of the list.
    var fill: [Range<Int64>] { stored.coverage.gaps(in: shown) }

    /// The time from which on a refresh requests everything.
    ///
    /// - Parameter wideOverlap: the seconds that it goes back at least; nil if only new resources are wanted.
    func refreshStart(wideOverlap: Int64?) -> Int64 {
        let lower = min(uncertainFrom, wideOverlap.map { now - $0 } ?? .max)
        return min(max(lower, shown.lowerBound), shown.upperBound)
    }

    /// What a refresh requests: everything from a time on, and what another mount's refresh has left out.
    func refresh(from lower: Int64) -> [Range<Int64>] {
        Coverage(fill + [lower..<shown.upperBound]).ranges
    }

    /// The times of which the catalog may lack resources after a refresh, although they are covered.
    func leftOut(by refresh: [Range<Int64>]) -> [Range<Int64>] {
        Coverage(refresh).gaps(in: uncertainFrom..<Int64.max)
    }

    /// The missing parts of an interval, as fresh as after a refresh.
    ///
    /// - Parameter isAllOfIt: whether to request also what the catalog has.
    func part(_ interval: Range<Int64>, isAllOfIt: Bool) -> [Range<Int64>] {
        // The interval is cut off at `now`, since the future must not count as covered.
        let part = interval.clamped(to: shown).clamped(to: Int64.min..<max(interval.lowerBound, now) + 1)
        var coverage = stored.coverage
        // Before the first fill, there are only parts, which end where they were requested.
        let requested = min(now, max(0, stored.refreshed ?? now))
        coverage.remove(requested.subtractingSaturated(overlap)..<Int64.max)
        if isAllOfIt { coverage.remove(part) }
        return coverage.gaps(in: part)
    }
}
