public import Support
public import Transfer

/// Checks before a mount that the credentials reach every list that is to be shown.
///
/// Each list is asked for one resource with its own credential, a few lists at the same time: with a thousand
/// subaccounts there are three thousand lists.
public struct CredentialCheck: Sendable {
    /// The progress of a check.
    private struct Progress: Sendable {
        var running = 0
        /// The answers, by the number of the question.
        var answers: [Int: Result<Response, TwilioError>] = [:]
        /// Whether a list failed for another reason than a refusal: then the other answers don't matter.
        var isInVain = false
    }

    /// The most requests in parallel.
    private static let limit = 16

    private let patience: Patience

    /// Makes a check.
    ///
    /// - Parameter patience: The limits of each request.
    public init(patience: Patience) { self.patience = patience }

    /// Asks for one resource of each list of an account; blocks.
    ///
    /// It doesn't request the account itself, since standard API keys can't read it.
    ///
    /// - Throws: ``TwilioError``: the first failure that isn't a refusal, where no list is refused, for instance
    ///   ``TwilioError/Code/malformedAnswer`` for another document, such as a captive portal's. Otherwise
    ///   ``TwilioError/Code/unauthorized`` for wrong credentials, ``TwilioError/Code/notFound`` for an unknown account
    ///   and ``TwilioError/Code/listsRefused`` for credentials that don't reach every list.
    public func run(_ client: TwilioClient, _ kinds: Set<MediaKind>) throws(TwilioError) {
        let verdict = CredentialVerdict(
            outcomes: outcomes(of: [(client: client, kinds: kinds)]), isOfSubaccounts: false,
            regionWithoutVideo: client.endpoints.regionWithoutVideo)
        if let error = verdict.error { throw error }
    }

    /// Asks for one resource of each list of subaccounts; blocks.
    ///
    /// - Parameter accounts: The clients, each with the kinds that are to be shown of its account.
    /// - Throws: ``TwilioError``, which names one of the subaccounts that are refused.
    public func run(
        ofSubaccounts accounts: [(client: TwilioClient, kinds: Set<MediaKind>)]
    ) throws(TwilioError) {
        let verdict = CredentialVerdict(
            outcomes: outcomes(of: accounts), isOfSubaccounts: true, regionWithoutVideo: nil)
        if let error = verdict.error { throw error }
    }

    private func outcomes(of accounts: [(client: TwilioClient, kinds: Set<MediaKind>)]) -> [ListOutcome] {
        let questions = accounts.flatMap { account in
            MediaKind.allCases.filter(account.kinds.contains).map { (client: account.client, kind: $0) }
        }
        let answers = responses(to: questions)
        return questions.enumerated().compactMap { index, question in
            answers[index].map { answer in
                ListOutcome(
                    account: question.client.account, kind: question.kind,
                    error: Self.error(in: answer, of: question.client, question.kind))
            }
        }
    }

    /// Sends the requests, and waits for the answers; after a failure that isn't a refusal no others are sent.
    private func responses(
        to questions: [(client: TwilioClient, kind: MediaKind)]
    ) -> [Int: Result<Response, TwilioError>] {
        let progress = Condition(Progress())
        for (index, question) in questions.enumerated() {
            let isWanted = progress.waitWithoutEnd { progress -> Bool? in
                if progress.isInVain { return false }
                guard progress.running < Self.limit else { return nil }
                progress.running += 1
                return true
            }
            guard isWanted else { break }
            question.client.askForOne(of: question.kind, patience: patience) { answer in
                progress.change { progress in
                    progress.running -= 1
                    progress.answers[index] = answer
                    if case .failure(let error) = answer, !error.isRefusal { progress.isInVain = true }
                }
            }
        }
        return progress.waitWithoutEnd { $0.running == 0 ? $0.answers : nil }
    }

    /// The reason why an answer isn't a page of an account's list; nil when it is one.
    private static func error(
        in answer: Result<Response, TwilioError>, of client: TwilioClient, _ kind: MediaKind
    ) -> TwilioError? {
        do throws(TwilioError) {
            try client.check(answer.get(), of: kind)
            return nil
        } catch {
            return error
        }
    }
}
