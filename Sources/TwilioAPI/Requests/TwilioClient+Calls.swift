public import Support
public import Transfer

/// An unparsed response with a page of the list of calls; see ``ListAnswer``.
public struct CallListAnswer: Sendable {
    let body: [UInt8]

    /// Parses the page, which takes some microseconds for each call.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer``.
    public func page() throws(TwilioError) -> CallPage { try CallPage(body: body) }
}

// The account's calls, which tell who speaks in its voice recordings.
extension TwilioClient {
    /// The largest number of calls in a page.
    public static let largestCallPage = 1000
    /// The size limit of a page of calls in bytes: a thousand calls take two million.
    private static let callPageLength = 16 << 20
    private static let callSubject = "the list of calls"

    /// The size limit of a call in bytes: one takes two thousand.
    private static let callLength = 1 << 20

    private var callPath: String { "/2010-04-01/Accounts/\(account)/Calls.json" }

    /// Requests one page of the list of calls.
    ///
    /// - Parameters:
    ///   - interval: The times at which the calls began, ignored with `next`; Twilio may send more, as of recordings.
    ///   - size: The largest number of calls; nil for the API's largest page.
    ///   - next: The link from the preceding page; nil for the first page.
    ///   - completion: Called on the transfer thread, or at once for an invalid link; it must be quick.
    public func calls(
        startedIn interval: CreationInterval, size: Int? = nil, next: String? = nil, priority: Priority = .background,
        completion: @escaping @Sendable (Result<CallListAnswer, TwilioError>) -> Void
    ) {
        let request = Result { () throws(TwilioError) in
            let target =
                if let next {
                    try PageLink.target(
                        of: next, path: callPath, endpoint: endpoints.api, subject: Self.callSubject)
                } else {
                    firstCallPage(interval, size: size)
                }
            return Request(address: try apiAddress(target), priority: priority, bodyLimit: Self.callPageLength)
        }
        send(request, subject: Self.callSubject) { result in completion(result.map { CallListAnswer(body: $0.body) }) }
    }

    private func firstCallPage(_ interval: CreationInterval, size: Int?) -> String {
        let largest = Self.largestCallPage
        let fields = interval.dayFields(named: "StartTime") + ["PageSize=\(min(max(size ?? largest, 1), largest))"]
        return "\(callPath)?\(fields.joined(separator: "&"))"
    }

    /// Gets a single call, which the list may lack; `completion` is called on the transfer thread and must be quick.
    public func call(
        _ sid: SID, priority: Priority = .background,
        completion: @escaping @Sendable (Result<CallDescription, TwilioError>) -> Void
    ) {
        let request = Result { () throws(TwilioError) in
            Request(
                address: try apiAddress("/2010-04-01/Accounts/\(account)/Calls/\(sid).json"), priority: priority,
                bodyLimit: Self.callLength)
        }
        send(request, subject: "\(sid)") { result in
            completion(
                Result { () throws(TwilioError) in
                    let call = try CallDescription(body: result.get().body)
                    guard call.sid == sid else {
                        throw TwilioError(.malformedAnswer, "\(call.sid) was sent where \(sid) was asked for")
                    }
                    return call
                })
        }
    }

    /// Requests one call, to check that the credentials reach the list of calls; blocks.
    ///
    /// - Throws: ``TwilioError``, with code ``TwilioError/Code/unauthorized`` for credentials that don't reach it.
    public func verifyCalls(patience: Patience) throws(TwilioError) {
        let address = try apiAddress("\(callPath)?PageSize=1")
        let response = try Result { () throws(TransferError) in
            try transfer.sendAndWait(Request(address: address, patience: patience, bodyLimit: Self.callLength))
        }.mapError { TwilioError($0, subject: Self.callSubject) }.get()
        _ = try CallPage(body: response.body)
    }
}
