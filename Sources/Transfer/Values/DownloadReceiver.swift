/// Takes the bytes of a download as they come.
///
/// All calls come on the transfer thread, in order, and must be quick: every other transfer waits meanwhile.
public protocol DownloadReceiver: AnyObject, Sendable {
    /// Tells that a usable answer has begun.
    ///
    /// Called again when a broken transfer goes on; the bytes then continue where they stopped, whatever the server
    /// sends.
    ///
    /// - Parameters:
    ///   - head: The answer's beginning, with status 200, 206, or 204 for a resource without content.
    ///   - offset: Where the next byte delivered stands in the resource. 0 for an answer with status 200 to a request
    ///     for a range: the server doesn't know ranges, and the whole resource comes from its start.
    /// - Returns: Whether to go on; `false` ends the download with `cancelled`.
    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool

    /// Asks whether bytes may be handed over now.
    ///
    /// After `pause` nothing comes until `TransferTask.resume` is called; then this is asked again, for the same bytes
    /// and perhaps more. A pause may be as long as the receiver likes: it isn't taken for a stall. The connection is
    /// kept meanwhile, and counts among those that the client may have; TCP slows the server down.
    ///
    /// - Parameter byteCount: At most so many bytes are handed over next.
    func downloadWillReceive(byteCount: Int) -> DownloadFlow

    /// Hands over the next bytes, which are gone when it returns.
    func downloadDidReceive(_ bytes: RawSpan)

    /// Tells that the download has ended: exactly once, always, and nothing comes after it.
    func downloadDidEnd(_ result: Result<Void, TransferError>)
}

extension DownloadReceiver {
    /// Takes all bytes as they come.
    public func downloadWillReceive(byteCount: Int) -> DownloadFlow { .proceed }
}

/// Whether a receiver takes bytes now.
public enum DownloadFlow: Sendable, Hashable {
    /// It takes them.
    case proceed
    /// It takes them after `TransferTask.resume`.
    case pause
}
