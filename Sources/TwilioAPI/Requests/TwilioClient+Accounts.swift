import Threading
public import Transfer

/// The account's subaccounts.
extension TwilioClient {
    private static let accountsPath = "/2010-04-01/Accounts.json"

    /// Pages of accounts, at most: Twilio allows a thousand accounts unless asked, which is a page or two.
    private static let accountPageLimit = 1000

    /// Gets all active accounts that the credentials reach: the account itself and its subaccounts.
    ///
    /// - Parameters:
    ///   - priority: how urgent it is.
    ///   - completion: called on the transfer thread: must be quick.
    public func activeAccounts(
        priority: Priority = .background,
        completion: @escaping @Sendable (Result<[AccountDescription], TwilioError>) -> Void
    ) {
        walkAccounts(
            at: "\(Self.accountsPath)?Status=active&PageSize=1000", met: [], followed: [], priority: priority,
            completion: completion)
    }

    /// Gets the page at a path and those that follow it.
    ///
    /// - Parameters:
    ///   - met: the accounts of the pages before.
    ///   - followed: the paths of the pages before.
    private func walkAccounts(
        at path: String, met: [AccountDescription], followed: Set<String>, priority: Priority,
        completion: @escaping @Sendable (Result<[AccountDescription], TwilioError>) -> Void
    ) {
        let subject = "the list of accounts"
        guard !followed.contains(path), followed.count < Self.accountPageLimit else {
            completion(.failure(TwilioError(.malformedAnswer, "\(subject) has no end: its pages go round in a circle")))
            return
        }
        let request: Request
        do throws(TwilioError) {
            request = Request(address: try apiAddress(path), priority: priority)
        } catch {
            completion(.failure(error))
            return
        }
        transfer.send(request) { [self] result in
            do throws(TwilioError) {
                let response: Response
                do throws(TransferError) {
                    response = try result.get()
                } catch {
                    throw TwilioError(error, subject: subject)
                }
                // Read here, on the transfer thread: an account takes a microsecond or two, and there are few.
                let page = try ListPage(response.body, key: "accounts", subject: subject) {
                    scanner throws(TwilioError) in try AccountDescription(from: &scanner)
                }
                guard let link = page.next else {
                    completion(.success(met + page.elements))
                    return
                }
                walkAccounts(
                    at: try PageLink(link, subject: subject).target(path: Self.accountsPath, endpoint: endpoints.api),
                    met: met + page.elements,
                    followed: followed.union([path]), priority: priority, completion: completion)
            } catch {
                completion(.failure(error))
            }
        }
    }
}
