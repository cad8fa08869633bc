/// Collects a whole response.
final class ResponseCollector: DownloadReceiver, @unchecked Sendable {
    // Safe although unchecked: only the transfer thread uses it, as the protocol guarantees.
    private var head: ResponseHead?
    private var body: [UInt8] = []
    private let completion: @Sendable (Result<Response, TransferError>) -> Void

    init(completion: @escaping @Sendable (Result<Response, TransferError>) -> Void) { self.completion = completion }

    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool {
        // A repeated request starts over.
        self.head = head
        body = []
        return true
    }

    func downloadDidReceive(_ bytes: RawSpan) { bytes.withUnsafeBytes { body.append(contentsOf: $0) } }

    func downloadDidEnd(_ result: Result<Void, TransferError>) {
        completion(
            result.flatMap {
                // A request without a range never succeeds without a response.
                head.map { .success(Response(head: $0, body: body)) } ?? .failure(.cancelled)
            })
    }
}
