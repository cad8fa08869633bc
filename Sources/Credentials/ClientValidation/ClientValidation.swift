import Envelope
import FoundationEssentials
import Support
public import Transfer
public import TwilioAPI

/// Signs each request that another provider authorizes with an API key: Public Key Client Validation.
///
/// Requests are signed one by one, retries and redirects included, since a token is for one request and five minutes.
/// None is signed for another host than Twilio's.
public final class ClientValidation: CredentialProvider {
    private struct State {
        var signer: RequestSigner
        /// The failure for which the last request could not be signed.
        var failure: EnvelopeError?
    }

    private let base: any CredentialProvider
    private let endpoints: Endpoints
    private let now: @Sendable () -> Int64
    private let state: Locked<State>

    /// Makes a provider.
    ///
    /// - Parameters:
    ///   - base: The provider of the API key.
    ///   - endpoints: The addresses of the account.
    public convenience init(_ base: any CredentialProvider, signer: RequestSigner, endpoints: Endpoints) {
        self.init(base, signer: signer, endpoints: endpoints, now: { Int64(Date().timeIntervalSince1970) })
    }

    /// - Parameter now: The time in seconds since 1970.
    init(
        _ base: any CredentialProvider, signer: RequestSigner, endpoints: Endpoints,
        now: @escaping @Sendable () -> Int64
    ) {
        self.base = base
        self.endpoints = endpoints
        self.now = now
        state = Locked(State(signer: signer))
    }

    /// Signs all following requests with another key.
    public func use(_ signer: RequestSigner) {
        state.withLock { $0 = State(signer: signer) }
    }

    /// The base's API key and the request's own token; nil when the base has none, or signing fails.
    public func authorization(for request: OutgoingRequest) -> Authorization? {
        let authorization = base.authorization(for: request)
        guard case .basic(let credential) = authorization else { return authorization }
        // The caller never sends a credential elsewhere; a token isn't made for elsewhere either.
        guard let origin = Address(url: request.url).origin, endpoints.includes(origin) else { return authorization }
        do throws(EnvelopeError) {
            // Not under the lock: it takes a fraction of a millisecond.
            let signer = state.withLock { $0.signer }
            return try signer.token(for: request, credential: credential, now: now())
                .map { .signed(credential, token: $0) }
        } catch {
            state.withLock { $0.failure = error }
            return nil
        }
    }

    /// Whether the base takes a response for a refusal.
    public func isRefusal(status: Int, body: [UInt8]) -> Bool { base.isRefusal(status: status, body: body) }

    /// Whether the origin is Twilio's.
    public func follows(to origin: Origin) -> Bool { endpoints.includes(origin) }

    /// Has the base obtain another API key.
    public func renew(
        refused: Authorization?, priority: Priority, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void
    ) {
        let failure = state.withLock { state -> EnvelopeError? in
            defer { state.failure = nil }
            return state.failure
        }
        if refused == nil, let failure { return completion(.failure(failure)) }
        let refused: Authorization? =
            if case .signed(let credential, _) = refused { .basic(credential) } else { refused }
        base.renew(refused: refused, priority: priority, completion: completion)
    }
}
