import Support

/// The common form of a download and a request.
struct TransferPlan: Sendable {
    var method = Request.Method.get
    var body: [UInt8] = []
    var range: ByteRange?
    var priority = Priority.background
    var redirects = RedirectPolicy.follow
    var patience = Patience.standard
    var bodyLimit = Int64.max
    var retriesNotFound = false
    /// Whether repeating the request is harmless although its method says otherwise.
    var isHarmless = false
    var expectedEntityTag: String?
    /// The check of a download's response; returns its fault.
    var findsFault: (@Sendable (ResponseHead) -> String?)?
    /// The check of a request's response with the start of its body; returns its fault.
    var findsFaultInWhole: (@Sendable (Response) -> String?)?
    /// Reads the resource's place from a redirect or a refusal of a download; nil where redirects are followed.
    var relocation: Relocation?
    var earlierFailures = 0
    /// Whether a broken transfer resumes after the delivered bytes, at a fresh address where the source provides one.
    ///
    /// Otherwise each attempt starts over at the first address.
    var isDownload = true

    init(_ request: DownloadRequest, relocation: Relocation? = nil) {
        self.relocation = relocation
        range = request.range
        priority = request.priority
        patience = request.patience
        bodyLimit = request.bodyLimit
        retriesNotFound = request.retriesNotFound
        expectedEntityTag = request.expectedEntityTag
        findsFault = request.refusal
        earlierFailures = request.earlierFailures
    }

    init(_ request: Request) {
        method = request.method
        body = request.body
        priority = request.priority
        redirects = request.redirects
        patience = request.patience
        bodyLimit = Int64(request.bodyLimit)
        retriesNotFound = request.retriesNotFound
        isHarmless = request.isHarmless
        findsFaultInWhole = request.refusal
        isDownload = false
    }

    /// The error of an invalid plan: a range with negative numbers.
    var fault: TransferError? {
        guard let range, !range.isValid else { return nil }
        return TransferError(.invalidConfiguration, "The range \(range) has negative numbers in it.")
    }

    /// The error of a response that the receiver rejects.
    func refusal(of head: ResponseHead) -> TransferError? {
        guard isDownload, (200..<300).contains(head.status), let reason = findsFault?(head) else { return nil }
        return TransferError(.unusableAnswer, "\(head.address) \(reason).")
    }

    /// The error of a complete response that the sender rejects.
    func refusal(of head: ResponseHead?, body: [UInt8]) -> TransferError? {
        guard let head, let reason = findsFaultInWhole?(Response(head: head, body: body)) else { return nil }
        return TransferError(.unusableAnswer, "\(head.address) \(reason).")
    }

    /// Whether the transfer has time to find out itself that a host's outage is over.
    ///
    /// A person at a terminal knows by then that the host is unreachable, and hasn't.
    func bears(_ outage: Outage, now: SuspendingClock.Instant) -> Bool {
        priority != .reader || now <= outage.since.advanced(by: patience.outage)
    }

    /// Whether the method only reads.
    var isRead: Bool { method == .get || method == .head }
    /// Whether repeating the request has the same effect on the server as sending it once.
    var isSafeToRepeat: Bool { isRead || isHarmless }

    /// Whether a retry after a failure is useful and harmless.
    func isRepeatable(_ error: TransferError) -> Bool {
        if error.details.isTransient { return isSafeToRepeat }
        if let status = error.status, error.code == .status {
            switch status {
            case 429: return true  // Twilio documents that it was not processed.
            // The method or the version of HTTP isn't known there, however often it is asked.
            case 501, 505: return false
            // Beside those of HTTP (RFC 9110) many are in use by proxies and networks: 509, 520 to 527, 530, 599.
            case 408, 421, 425, 500...599: return isSafeToRepeat
            case 404: return retriesNotFound && isSafeToRepeat
            default: return isSafeToRepeat && error.response?.isTransientRefusalOfS3 == true
            }
        }
        switch error.code {
        // Nothing was sent.
        case .nameNotResolved, .cannotConnect, .addressUnavailable: return true
        case .connectionLost, .stalled, .unusableAnswer: return isSafeToRepeat
        // A caller of HEAD can use GET instead, and does.
        case .protocolViolation: return method == .get
        default: return false
        }
    }
}

/// One request of a state machine.
struct ExchangeRequest: Sendable {
    var method: Request.Method
    var address: Address
    /// Header fields besides those of ``fields``.
    var headers: [(String, String)]
    var body: [UInt8]
    var range: ByteRange?
    var connectTimeout: Duration
    /// The lane in which it is queued.
    var lane: Lane
    /// Whether it needs a connection of its own, since one that was kept may be as dead as the last one.
    var needsNewConnection = false
    /// Whether a connection is made and nothing sent.
    var isProbe = false

    /// The header fields to send, without those that libcurl adds and the authorization's.
    var fields: [(String, String)] {
        // Ranges count stored bytes, so content codings are refused.
        headers + [("Accept-Encoding", "identity")] + (range.map { [("Range", $0.fieldValue)] } ?? [])
    }

    /// The request as the provider of its credential sees it.
    var outgoing: OutgoingRequest {
        OutgoingRequest(method: method, url: address.url, body: body, headers: HeaderFields(fields))
    }
}
