public import FoundationEssentials
public import Logging
import Support
public import Transfer
import TwilioAPI

/// Provides OAuth tokens (RFC 6749, client credentials), each asked for once for all who wait.
///
/// A token is renewed some time before it ends, while it still serves, and after a refusal. Tokens and the client's
/// secret are in memory only, and in no log line or message.
public final class OAuthProvider: ConnectedProvider {
    private typealias Waiter = @Sendable (Result<Bool, any Error>) -> Void

    /// The key of the single flight: only tokens are asked for.
    private enum Wanted { case token }

    /// What to do for a transfer that has no token to send.
    private enum Step {
        case answer(Result<Bool, TwilioError>)
        case ask
        case wait
    }

    private struct State {
        var keeper = TokenKeeper()
        var requests = SingleFlight<Wanted, Waiter>()
        var transfer: TransferClient?
    }

    /// The largest answer with a token, in bytes.
    private static let answerLimit = 64 << 10

    private let tokenURL: URL
    private let client: @Sendable () -> OAuthClient
    private let firstWait: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let logger: Logger
    private let state = Locked(State())

    /// Makes a provider without a token.
    ///
    /// - Parameters:
    ///   - tokenURL: The address that gives out tokens.
    ///   - firstWait: How long the first token is waited for: less than the patience of the first request.
    ///   - logger: Receives failures to renew a token that still serves.
    ///   - now: The time.
    ///   - client: Returns the client; called for each token that is asked for, so it must be quick.
    public init(
        tokenURL: URL, firstWait: Duration = .seconds(8), logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        client: @escaping @Sendable () -> OAuthClient
    ) {
        self.tokenURL = tokenURL
        self.firstWait = firstWait
        self.logger = logger
        self.now = now
        self.client = client
    }

    /// Takes the client that carries requests for tokens.
    public func connect(to client: TransferClient) { state.withLock { $0.transfer = client } }

    /// The token; nil when there is none, or it has ended.
    ///
    /// Begins a renewal when it is due; the token serves on meanwhile.
    public func authorization(for request: OutgoingRequest) -> Authorization? {
        let time = now()
        let (token, isFirst) = state.withLock { state -> (BearerToken?, Bool) in
            let token = state.keeper.token(now: time)
            let isDue = state.keeper.isRenewalDue(now: time) && !state.requests.isUnderWay(.token)
            return (token, isDue && state.requests.join({ _ in }, for: .token))
        }
        if isFirst { askForToken() }
        return token.map { .bearer($0) }
    }

    /// Asks for a token, unless one is on its way, another one is at hand, or asking has just failed.
    public func renew(
        refused: Authorization?, priority: Priority, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void
    ) {
        let time = now()
        let token: BearerToken? = if case .bearer(let token)? = refused { token } else { nil }
        let step = state.withLock { state -> Step in
            if !state.requests.isUnderWay(.token),
                case .answer(let answer) = state.keeper.decide(refused: token, now: time)
            {
                return .answer(answer)
            }
            return state.requests.join(completion, for: .token) ? .ask : .wait
        }
        switch step {
        case .answer(let answer): completion(answer.mapError { $0 })
        case .ask: askForToken()
        case .wait: break
        }
    }

    /// Forgets failures, so that the next request asks for a token at once: the client's secret may be another one.
    public func clientMayHaveChanged() { state.withLock { $0.keeper.forgetFailures() } }

    /// Sends the one request for all who wait.
    private func askForToken() {
        let (transfer, hadToken) = state.withLock { ($0.transfer, $0.keeper.hadToken) }
        guard let transfer else {
            end(.failure(TwilioError(.invalidConfiguration, "the OAuth provider has no connections")), askedAt: now())
            return
        }
        let client = client()
        let request = Request(
            method: .post, address: Address(url: tokenURL), body: client.tokenRequest, priority: .reader,
            patience: patience(isFirst: !hadToken), bodyLimit: Self.answerLimit, isHarmless: true)
        let askedAt = now()
        transfer.send(request) { [self] result in
            let answer = result.mapError { TokenRefusal.error($0, host: host, client: client) }
                .flatMap { response in Result { () throws(TwilioError) in try Self.answer(response, host: host) } }
            // The secret may have been replaced meanwhile.
            if case .failure = answer, self.client() != client { return askForToken() }
            end(answer, askedAt: askedAt)
        }
    }

    /// The patience of a request for a token: less than that of the requests that wait for it, so that they tell why.
    ///
    /// Once there was a token, it bridges an outage as reading does.
    private func patience(isFirst: Bool) -> Patience {
        var patience = Patience.media
        patience.giveUp = isFirst ? firstWait : .seconds(30)
        patience.outage = min(patience.giveUp, patience.outage)
        return patience
    }

    private var host: String { tokenURL.host() ?? "the OAuth service" }

    /// Reads an answer that should hold a token.
    private static func answer(_ response: Response, host: String) throws(TwilioError) -> TokenAnswer {
        do throws(TokenAnswer.Fault) {
            return try TokenAnswer(response.body)
        } catch {
            throw TokenRefusal.foreign("\(host) \(error.reason)")
        }
    }

    /// Stores a token or a failure, and calls all who wait.
    private func end(_ answer: Result<TokenAnswer, TwilioError>, askedAt: ContinuousClock.Instant) {
        let time = now()
        let (waiters, isNews, timeLeft) = state.withLock { state -> ([Waiter], Bool, Duration) in
            var isNews = false
            switch answer {
            case .success(let answer): state.keeper.obtained(answer, requestedAt: askedAt, now: time)
            case .failure(let error): isNews = state.keeper.failed(error, now: time)
            }
            return (state.requests.complete(.token), isNews, state.keeper.timeLeft(now: time))
        }
        switch answer {
        case .success(let answer):
            logger.debug("\(host): a new OAuth token", metadata: ["seconds": "\(Int(answer.lifetime))"])
        case .failure(let error) where timeLeft > .zero && !error.isCancellation:
            // Without a token that serves, those who wait report the failure.
            logger.log(
                level: isNews ? .warning : .debug,
                "the OAuth token can't be renewed yet; the old one ends in \(Int(timeLeft / .seconds(1))) s",
                error: error)
        case .failure: break
        }
        for waiter in waiters { waiter(answer.map { _ in true }.mapError { $0 }) }
    }
}
