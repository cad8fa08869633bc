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
    /// Says why an answer of status 200, 204 or 206 can't be what is wanted, as the end of a sentence that begins with
    /// its address; `nil` for one that can.
    ///
    /// A refused answer is handled like status 503: it is repeated until patience ends. Called once for each answer, on
    /// the transfer thread.
    public var refusal: (@Sendable (ResponseHead) -> String?)?
    /// How many downloads of the same resource have failed in a row for a reason that only their receiver could see.
    ///
    /// The download begins after the wait that precedes such a repetition; 0 begins at once.
    public var earlierFailures: Int

    /// Makes a request for a download.
    public init(
        range: ByteRange? = nil,
        priority: Priority = .reader,
        patience: Patience = .media,
        retriesNotFound: Bool = false,
        expectedEntityTag: String? = nil,
        refusal: (@Sendable (ResponseHead) -> String?)? = nil,
        earlierFailures: Int = 0
    ) {
        self.range = range
        self.priority = priority
        self.patience = patience
        self.retriesNotFound = retriesNotFound
        self.expectedEntityTag = expectedEntityTag
        self.refusal = refusal
        self.earlierFailures = earlierFailures
    }
}
