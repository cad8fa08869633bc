/// Receives the bytes of a block fetch, on the transfer thread or one that reads from the disk.
protocol FetchDelegate: Sendable {
    /// The fetch has written the first `count` bytes of a block; returns whether to continue.
    func fetchDidWrite(_ number: Int, to block: Block, count: Int, of content: MediaContent) -> Bool

    /// The server ignores the range and sends everything.
    ///
    /// - Returns: the receiver; nil if a stream is in progress already.
    func fetchDidBecomeStream(_ transfer: TransferSlot) throws(MediaError) -> StreamFetch?

    /// The fetch has ended, with a finding about the media if it has one.
    func fetchDidEnd(_ number: Int, _ result: Result<Void, MediaError>, _ finding: MediaFinding?)
}
