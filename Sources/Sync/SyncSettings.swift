import Foundation

/// The settings by which lists are kept up to date.
public struct SyncSettings: Sendable {
    /// The time between refreshes of lists in use; nil for one refresh, after mounting.
    public var refreshInterval: Duration?

    /// Requests for pages at the same time, at most, while a list is first fetched.
    ///
    /// Half of the requests that an account allows: the rest is for readers, who don't wait for pages.
    var requestLimit = 16

    /// How long opening a directory waits for a refresh, at most, when the list is complete.
    var patience: Duration = .seconds(3)

    /// The seconds before the newest known recording that a refresh fetches again: a list may show a recording later
    /// than one that was made after it.
    var overlap: Int64 = 900

    /// The seconds between wide refreshes, which begin ``wideOverlap`` before now: resources change after they were
    /// made, for instance when a price is added minutes later.
    var wideInterval: Int64 = 3600

    /// The seconds before now that a wide refresh fetches again: a day, and the hour between two of them.
    var wideOverlap: Int64 = 90_000

    /// The seconds between full passes, which find the recordings that are gone.
    var passInterval: Int64 = 86_400

    /// The seconds for which a full pass counts as running after its last progress, whichever mount makes it.
    var passLease: Int64 = 600

    /// Unfinished recordings that a refresh requests alone, at most.
    var unfinishedLimit = 16

    /// The time from the start until a large catalog is checked for damage: users want to see files first.
    var checkDelay: Duration = .seconds(10)

    /// The time between two steps of that check.
    var checkPause: Duration = .seconds(1)

    /// Resources on a page; nil for as many as the list gives.
    var pageSize: Int?

    /// The clock, in seconds since 1970.
    var now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }

    /// Makes settings.
    public init(refreshInterval: Duration? = .seconds(60)) {
        self.refreshInterval = refreshInterval
    }
}
