import Support

/// One exchange of a transfer, from queueing to its end.
struct TransferAttempt {
    typealias Instant = SuspendingClock.Instant

    enum Phase {
        case queued(since: Instant)
        case connecting
        case awaitingHead
        case redirecting(to: Address)
        case refusing(ResponseHead, retryAfter: Duration?, reason: TransferError?)
        case receiving(TransferProgress.Part)
    }

    static let maximalRedirects = 5

    let address: Address
    let redirects: Int
    /// Whether the request is sent with `If-Match`.
    var isConditional = false
    var phase: Phase
    /// The authorization that the request was sent with, if any.
    var authorization: Authorization?
    /// The time at which the connection counts as stalled without further bytes; see `Patience.timePerByte`.
    var stallsAt: Instant
    /// The head of the response, once accepted.
    var head: ResponseHead?
    /// The number of body bytes received.
    private(set) var received: Int64 = 0

    /// The time at which it was queued; nil once it has left the queue.
    var queuedSince: Instant? { if case .queued(let since) = phase { since } else { nil } }

    /// The time at which its transfer acts without another event; `giveUpAt` is the end of the transfer's patience.
    func deadline(giveUpAt: Instant, isBackground: Bool, isDownload: Bool) -> Instant? {
        switch phase {
        // Others go first for as long as they need; patience applies to the server.
        case .queued where isBackground: nil
        case .queued, .connecting: giveUpAt
        case .awaitingHead, .redirecting, .refusing: min(stallsAt, giveUpAt)
        // A download isn't cut off while enough bytes arrive, even if they were delivered before.
        case .receiving where isDownload: stallsAt
        case .receiving: min(stallsAt, giveUpAt)
        }
    }

    /// The target of a redirect.
    ///
    /// - Throws: `tooManyRedirects`, `protocolViolation` without a target, `insecureAddress` or `invalidAddress`.
    func target(of head: ResponseHead, now: Instant) throws(TransferError) -> Address {
        guard redirects < Self.maximalRedirects else {
            throw TransferError(
                .tooManyRedirects, "\(address) redirects again after \(Self.maximalRedirects) redirects.")
        }
        guard let location = head.headers["Location"] else {
            throw TransferError(.protocolViolation, "\(address) redirects without a Location.")
        }
        do throws(AddressError) {
            return try address.redirected(to: location, by: head.headers, now: now)
        } catch {
            throw TransferError(error)
        }
    }

    /// The authorization that a response refuses, if it does.
    func refusedAuthorization(by response: Response) -> Authorization? {
        let isRefusal = address.credentials?.isRefusal(status: response.head.status, body: response.body) == true
        return isRefusal ? authorization : nil
    }

    /// The error of a response that refuses the request.
    func refusal(_ response: Response) -> TransferError {
        let head = response.head
        var error = TransferError(.status, "\(head.address) answered with status \(head.status).", response: response)
        error.details.refusedUser = authorization?.username
        // A 403 is for what the credential may do: a newer token of the same client may do no more.
        if head.status == 403 || refusedAuthorization(by: response) != nil {
            error.details.refusedForm = authorization?.form
        }
        return error
    }

    /// Counts received bytes, which postpone the stall.
    mutating func noteBytes(_ count: Int, now: Instant, stall: Duration) {
        stallsAt = min(stallsAt.advanced(by: Patience.timePerByte * count), now.advanced(by: stall))
        received += Int64(count)
    }
}
