/// Receives the bytes of a download as they arrive.
///
/// All calls come on the transfer thread, in order, and must be quick: all other transfers wait.
public protocol DownloadReceiver: AnyObject, Sendable {
    /// A usable response has begun.
    ///
    /// Called again when a broken transfer resumes; the bytes then continue where they stopped.
    ///
    /// - Parameters:
    ///   - head: The response's head, with status 200, 206, or 204 for a resource without content.
    ///   - offset: The resource offset of the next byte. 0 when the response to a range has status 200: the server
    ///     doesn't support ranges and sends the whole resource.
    /// - Returns: Whether to go on; false ends the download with `cancelled`.
    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool

    /// Asks whether bytes may be delivered now.
    ///
    /// After `pause` no bytes are delivered until `TransferTask.resume`; then this is asked again, for the same bytes
    /// and perhaps more. A pause may have any length and doesn't count as a stall. Its connection stays open and counts
    /// towards the client's limit; TCP slows the server down.
    ///
    /// - Parameter byteCount: The largest number of bytes delivered next.
    func downloadWillReceive(byteCount: Int) -> DownloadFlow

    /// Delivers the next bytes, valid during the call.
    func downloadDidReceive(_ bytes: RawSpan)

    /// The download has ended; called exactly once, as the last call.
    func downloadDidEnd(_ result: Result<Void, TransferError>)
}

extension DownloadReceiver {
    /// Takes all bytes as they arrive.
    public func downloadWillReceive(byteCount: Int) -> DownloadFlow { .proceed }
}

/// A receiver's readiness for bytes.
public enum DownloadFlow: Sendable, Hashable {
    /// It takes bytes.
    case proceed
    /// It takes bytes after `TransferTask.resume`.
    case pause
}
