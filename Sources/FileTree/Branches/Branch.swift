public import Catalog
public import Prefetching
public import Support
public import Sync
public import TwilioAPI

/// An account's branch of the tree: the parts that it consists of.
public struct Branch: Sendable {
    /// The account.
    public let account: SID
    /// The friendly name of the account.
    public let name: ForeignText
    /// The reason why its video is hidden; nil if it is visible.
    public let videoIssue: String?
    /// The account's visible recordings.
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
