/// A request for a resource whose bytes are delivered as they arrive.
public struct DownloadRequest: Sendable {
    /// The range, nil for the whole resource; an empty range ends at once, without a request.
    public var range: ByteRange?
    /// The most bytes that are received, such as the resource's size; more fail the download with `bodyTooLarge`.
    ///
    /// An answer in chunks tells no length, and may have no end.
    public var bodyLimit: Int64
    /// The urgency.
    public var priority: Priority
    /// The time limits and retries.
    public var patience: Patience
    /// Whether a 404 is repeated until the end of patience: media appears only seconds after its completion.
    public var retriesNotFound: Bool
    /// The resource's earlier `ETag` as received, with quotes; another one fails the download with `changed`.
    public var expectedEntityTag: String?
    /// Checks a response of status 200, 204 or 206; returns the fault as a clause that follows the address.
    ///
    /// A rejected response is handled like status 503: repeated until the end of patience. Called once for each
    /// response, on the transfer thread.
    public var refusal: (@Sendable (ResponseHead) -> String?)?
    /// The number of consecutive downloads of the resource that failed for a reason only their receiver could see.
    ///
    /// The download waits like a retry after as many failures; with 0 it begins at once.
    public var earlierFailures: Int

    /// Makes a request for a download.
    public init(
        range: ByteRange? = nil, bodyLimit: Int64, priority: Priority = .reader, patience: Patience = .media,
        retriesNotFound: Bool = false, expectedEntityTag: String? = nil,
        refusal: (@Sendable (ResponseHead) -> String?)? = nil, earlierFailures: Int = 0
    ) {
        self.range = range
        self.bodyLimit = bodyLimit
        self.priority = priority
        self.patience = patience
        self.retriesNotFound = retriesNotFound
        self.expectedEntityTag = expectedEntityTag
        self.refusal = refusal
        self.earlierFailures = earlierFailures
    }
}
