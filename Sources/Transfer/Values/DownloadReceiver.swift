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

    /// Delivers the next bytes, valid during the call.
    func downloadDidReceive(_ bytes: RawSpan)

    /// The download has ended; called exactly once, as the last call.
    func downloadDidEnd(_ result: Result<Void, TransferError>)
}
