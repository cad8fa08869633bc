public import Catalog
public import Prefetching
public import Support
public import Sync
public import TwilioAPI

/// The branch of the tree that belongs to an account, and the parts that it is made from.
public struct Branch: Sendable {
    /// The account.
    public let account: SID

    /// The name that its owner gave it.
    public let name: ForeignText

    /// Why its video isn't shown; nil where it is.
    public let videoIssue: String?

    /// The account's recordings, as far as they are shown.
    public let catalog: Catalog

    /// Keeps its lists up to date.
    public let synchronizer: Synchronizer

    /// Finds recordings that aren't listed yet.
    public let finder: ResourceFinder

    /// Prefetches its media for programs that read files in order.
    public let prefetcher: Prefetcher

    /// Puts a branch together.
    public init(
        account: SID, name: ForeignText = "", videoIssue: String? = nil, catalog: Catalog, synchronizer: Synchronizer,
        finder: ResourceFinder, prefetcher: Prefetcher
    ) {
        self.account = account
        self.name = name
        self.videoIssue = videoIssue
        self.catalog = catalog
        self.synchronizer = synchronizer
        self.finder = finder
        self.prefetcher = prefetcher
    }

    /// The kinds that are shown.
    var kinds: Set<MediaKind> { catalog.window.kinds }
}
