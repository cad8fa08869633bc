/// What is wanted of a resource whose bytes are handed on as they come.
public struct DownloadRequest: Sendable {
    /// Which bytes; `nil` for all of them.
    ///
    /// An empty range ends at once, without a request.
    public var range: ByteRange?
    /// Who goes first.
    public var priority: Priority
    /// How long to wait for what.
    public var patience: Patience
    /// Whether a 404 is repeated until patience ends: media exists only seconds after it is complete.
    public var retriesNotFound: Bool
    /// What the resource's `ETag` was before, as the server wrote it, quotes included; another one in any answer fails
    /// the download with `changed`.
    public var expectedEntityTag: String?

    /// Makes a request for a download.
    public init(
        range: ByteRange? = nil,
        priority: Priority = .reader,
        patience: Patience = .media,
        retriesNotFound: Bool = false,
        expectedEntityTag: String? = nil
    ) {
        self.range = range
        self.priority = priority
        self.patience = patience
        self.retriesNotFound = retriesNotFound
        self.expectedEntityTag = expectedEntityTag
    }
}
