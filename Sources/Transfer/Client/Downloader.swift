/// Performs downloads and requests: a ``TransferClient``, or what stands in its place.
public protocol Downloader: Sendable {
    /// Downloads a resource, or a range of it, and delivers its bytes as they arrive; see ``TransferClient``.
    @discardableResult
    func download(
        _ request: DownloadRequest, from source: any AddressSource, to receiver: any DownloadReceiver
    ) -> TransferTask

    /// Sends a request and collects the response; see ``TransferClient``.
    @discardableResult
    func send(
        _ request: Request, completion: @escaping @Sendable (Result<Response, TransferError>) -> Void
    ) -> TransferTask
}

extension TransferClient: Downloader {}
