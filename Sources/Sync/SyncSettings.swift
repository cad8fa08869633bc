import Foundation
public import TwilioAPI

/// The settings of list synchronization.
public struct SyncSettings: Sendable {
    /// The time between refreshes of lists in use; nil for one refresh, after mounting.
    public var refreshInterval: Duration?

    /// Whether the calls of voice recordings are asked for, which tell who speaks.
    public var fetchesCalls: Bool

    /// The refusal of the list of calls at mounting; nil if the credentials reach it.
    public var callRefusal: TwilioError?

    /// The most parallel requests for pages of a list: half of the account's limit; the other half is for readers.
    var requestLimit = 16

    /// The longest wait for the refresh of a complete list when a directory is opened.
    var patience: Duration = .seconds(3)

    /// The overlap of a refresh with what is known, in seconds.
    ///
    /// A refresh begins that long before the newest known recording, since a list may show recordings out of order.
    var overlap: Int64 = 900

    /// The seconds between wide refreshes, which fetch later changes of resources: an added price, for instance.
    var wideInterval: Int64 = 3600

    /// The seconds that a wide refresh goes back: a day, and the hour between two wide refreshes.
    var wideOverlap: Int64 = 90_000

    /// The seconds between passes, which find removed recordings.
    var passInterval: Int64 = 86_400

    /// The seconds after its last progress for which an unfinished pass, of any mount, counts as running.
    var passLease: Int64 = 600

    /// The most unfinished recordings that a refresh requests, each alone.
    var unfinishedLimit = 16

    /// The delay after the start before a large catalog is checked for damage: users want to see files first.
    var checkDelay: Duration = .seconds(10)

    /// The pause between two steps of that check.
    var checkPause: Duration = .seconds(1)

    /// The resources on a page; nil for the server's maximum.
    var pageSize: Int?

    /// The clock, in seconds since 1970.
    var now: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }

    /// Makes settings.
    public init(refreshInterval: Duration? = .seconds(60), fetchesCalls: Bool = false) {
        self.refreshInterval = refreshInterval
        self.fetchesCalls = fetchesCalls
    }
}
