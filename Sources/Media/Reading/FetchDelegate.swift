/// Takes what a fetch of blocks brings.
///
/// Called on the thread that brings it, the transfer thread or one that reads from the disk.
protocol FetchDelegate: Sendable {
    /// The fetch has written bytes to a block.
    ///
    /// - Parameters:
    ///   - count: bytes of the block that are written, from its beginning.
    ///   - content: to which the block belongs.
    /// - Returns: whether the fetch is to go on; if not, it has brought all that is wanted of it.
    func fetchDidWrite(_ number: Int, to block: Block, count: Int, of content: MediaContent) -> Bool

    /// The server sends everything instead of the range.
    ///
    /// - Parameter transfer: brings it.
    /// - Returns: what takes it; nil when a stream of everything comes already.
    func fetchDidBecomeStream(_ transfer: TransferSlot) throws(MediaError) -> StreamFetch?

    /// The fetch has ended.
    ///
    /// - Parameter finding: what it has shown about the media; nil for nothing.
    func fetchDidEnd(_ number: Int, _ result: Result<Void, MediaError>, _ finding: MediaFinding?)
}
