public import Support
public import Transfer

// The account's subaccounts.
extension TwilioClient {
    private static let accountsPath = "/2010-04-01/Accounts.json"

    /// The size limit of a page of accounts in bytes: a thousand accounts take two million.
    private static let accountPageLength = 16 << 20

    /// Gets all active accounts that the credentials reach: the account and its subaccounts, each once.
    ///
    /// Blocks the calling thread for at most a minute.
    ///
    /// - Throws: ``TwilioError``, also for a list without end or beyond the time limit.
    public func activeAccounts(priority: Priority = .background) throws(TwilioError) -> [AccountDescription] {
        try activeAccounts(priority: priority, limits: AccountWalk.Limits())
    }

    /// Gets all active accounts within limits; blocks.
    func activeAccounts(
        priority: Priority = .background, limits: AccountWalk.Limits
    ) throws(TwilioError) -> [AccountDescription] {
        let answer = Condition<Result<[AccountDescription], TwilioError>?>(nil)
        walkAccounts(
            AccountWalk(limits), at: "\(Self.accountsPath)?Status=active&PageSize=1000", priority: priority
        ) { result in answer.change { $0 = result } }
        // A slow page may take longer than the time limit of the list.
        guard let result = answer.wait(timeout: limits.time, until: { $0 }) else {
            throw AccountWalk.timeout(limits.time)
        }
        return try result.get()
    }

    /// Gets the page at a path and the following ones.
    ///
    /// - Parameter completion: Called once, on the transfer thread or this one.
    private func walkAccounts(
        _ walk: AccountWalk, at path: String, priority: Priority,
        completion: @escaping @Sendable (Result<[AccountDescription], TwilioError>) -> Void
    ) {
        var walk = walk
        let request = Result { () throws(TwilioError) in
            var patience = Patience.standard
            patience.giveUp = min(patience.giveUp, try walk.follow(path))
            return Request(
                address: try apiAddress(path), priority: priority, patience: patience,
                bodyLimit: Self.accountPageLength)
        }
        send(request, subject: AccountWalk.subject) { [self, walk] result in
            var walk = walk
            do throws(TwilioError) {
                // Parsed on the transfer thread: an account takes a microsecond or two, and there are few.
                let page = try ListPage(result.get().body, key: "accounts", subject: AccountWalk.subject) {
                    scanner throws(TwilioError) in try AccountDescription(from: &scanner)
                }
                try walk.take(page.elements)
                guard let link = page.next else {
                    completion(.success(walk.accounts))
                    return
                }
                let target = try PageLink.target(
                    of: link, path: Self.accountsPath, endpoint: endpoints.api, subject: AccountWalk.subject)
                walkAccounts(walk, at: target, priority: priority, completion: completion)
            } catch {
                completion(.failure(error))
            }
        }
    }
}
