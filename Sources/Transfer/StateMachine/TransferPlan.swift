import Support

/// What a transfer is to do: the common form of a download and of a request.
struct TransferPlan: Sendable {
    var method = Request.Method.get
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    var range: ByteRange?
    var priority = Priority.background
    var redirects = RedirectPolicy.follow
    var patience = Patience()
    var bodyLimit = Int64.max
    var retriesNotFound = false
    var expectedEntityTag: String?
    /// Says of a download why an answer can't be what is wanted.
    var findsFault: (@Sendable (ResponseHead) -> String?)?
    /// Says of a request why an answer, with the start of its body, can't be what is wanted.
    var findsFaultInWhole: (@Sendable (Response) -> String?)?
    var earlierFailures = 0
    /// Whether bytes handed on stay handed on, so that a broken transfer goes on behind them and the source is asked
    /// for a fresh address; otherwise each attempt starts from nothing and the first address is kept.
    var isDownload = true

    init(_ request: DownloadRequest) {
        range = request.range
        priority = request.priority
        patience = request.patience
        retriesNotFound = request.retriesNotFound
        expectedEntityTag = request.expectedEntityTag
        findsFault = request.refusal
        earlierFailures = request.earlierFailures
    }

    init(_ request: Request) {
        method = request.method
        headers = request.headers
        body = request.body
        range = request.range
        priority = request.priority
        redirects = request.redirects
        patience = request.patience
        bodyLimit = Int64(request.bodyLimit)
        retriesNotFound = request.retriesNotFound
        findsFaultInWhole = request.refusal
        isDownload = false
    }

    /// Finds what can't be asked: a range with negative numbers, or a header field that would break out of its line.
    var fault: TransferError? {
        if let range, !range.isValid {
            return TransferError(.invalidConfiguration, "The range \(range) has negative numbers in it.")
        }
        for (name, value) in headers {
            let isToken = !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }
            // Every control character but the tab: CR and LF would begin another field, NUL would end it for C.
            guard isToken, value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7f) }) else {
                return TransferError(
                    .invalidConfiguration, "A header field has characters in it that HTTP forbids.")
            }
        }
        return nil
    }

    /// The header fields for a request.
    ///
    /// Secret ones go to the first address's origin alone, and to addresses that have a credential.
    func headers(for target: Address, from first: Address?) -> [(String, String)] {
        let keepsSecrets = target.credentials != nil || (target.origin.map { $0 == first?.origin } ?? false)
        return headers.filter { keepsSecrets || !Self.isSecret($0.0) }
    }

    private static func isSecret(_ name: String) -> Bool {
        ["authorization", "proxy-authorization", "cookie"].contains(name.lowercased())
    }

    /// The error of an answer that its receiver refuses to take for what it asked for.
    func refusal(of head: ResponseHead) -> TransferError? {
        guard isDownload, (200..<300).contains(head.status), let reason = findsFault?(head) else { return nil }
        return TransferError(.unusableAnswer, "\(head.address) \(reason).")
    }

    /// The error of an answer that its sender refuses to take for what it asked for, once all of it has come.
    func refusal(of head: ResponseHead?, body: [UInt8]) -> TransferError? {
        guard let head, let reason = findsFaultInWhole?(Response(head: head, body: body)) else { return nil }
        return TransferError(.unusableAnswer, "\(head.address) \(reason).")
    }

    /// Whether repeating it has the same effect as doing it once, as far as the server is concerned.
    var isSafeToRepeat: Bool { method == .get || method == .head }

    /// Whether a failure is worth another attempt, and harmless.
    func isRepeatable(_ error: TransferError) -> Bool {
        if let status = error.status, error.code == .status {
            switch status {
            case 429: return true  // It was not processed, says Twilio, whatever it was.
            case 408, 425, 500, 502, 503, 504: return isSafeToRepeat
            case 404: return retriesNotFound && isSafeToRepeat
            default: return false
            }
        }
        switch error.code {
        case .nameNotResolved, .cannotConnect: return true  // Nothing was sent yet.
        case .connectionLost, .stalled, .unusableAnswer: return isSafeToRepeat
        // Who asks with HEAD does so where GET would do as well, and goes on with that.
        case .protocolViolation: return method == .get
        default: return false
        }
    }
}

/// One request and its answer: what the state machine asks to be performed.
struct ExchangeRequest: Sendable {
    var method: Request.Method
    var address: Address
    var headers: [(String, String)]
    var body: [UInt8]
    var range: ByteRange?
    var connectTimeout: Duration
    /// What it waits with.
    var lane: Lane
}
