public import Catalog
public import Support
public import Sync
public import TwilioAPI

/// What an account's branch of the tree is made from.
public struct Branch: Sendable {
    /// Whose it is.
    public let account: SID

    /// The name that its owner gave it.
    public let name: ForeignText

    /// Why its video isn't shown; nil where it is.
    public let videoIssue: String?

    /// What the account holds, as far as it is shown.
    public let catalog: Catalog

    /// Keeps its lists up to date.
    public let synchronizer: Synchronizer

    /// Finds recordings that aren't listed yet.
    public let finder: ResourceFinder

    /// Has media ready before it is asked for.
    public let follower: WalkFollower

    /// Puts a branch together.
    public init(
        account: SID, name: ForeignText = "", videoIssue: String? = nil, catalog: Catalog, synchronizer: Synchronizer,
        finder: ResourceFinder, follower: WalkFollower
    ) {
        self.account = account
        self.name = name
        self.videoIssue = videoIssue
        self.catalog = catalog
        self.synchronizer = synchronizer
        self.finder = finder
        self.follower = follower
    }

    /// The kinds that are shown.
    var kinds: Set<MediaKind> { catalog.window.kinds }
}
