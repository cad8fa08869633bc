import Envelope
import FoundationEssentials
import Support
public import Transfer
public import TwilioAPI

/// Signs each request that another provider authorizes with an API key: Public Key Client Validation.
///
/// Requests are signed one by one, retries and redirects included, since a token is for one request and five minutes.
/// None is signed for another host than Twilio's. After a refusal the signing key's file is read again, if it has
/// changed.
public final class ClientValidation: CredentialProvider {
    private struct State {
        var signer: RequestSigner
        /// The failure for which the last request could not be signed.
        var failure: EnvelopeError?
    }

    private let base: any CredentialProvider
    private let endpoints: Endpoints
    private let rereading: (by: Rereading, source: any Rereadable)?
    private let now: @Sendable () -> Int64
    private let state: Locked<State>

    /// Makes a provider.
    ///
    /// - Parameters:
    ///   - base: The provider of the API key.
    ///   - endpoints: The addresses of the account.
    ///   - rereading: Reads the file of the signing key again; whoever reads it calls ``use(_:)``. Nil for a key that
    ///     doesn't change.
    public convenience init(
        _ base: any CredentialProvider, signer: RequestSigner, endpoints: Endpoints,
        rereading: (by: Rereading, source: any Rereadable)? = nil
    ) {
        self.init(
            base, signer: signer, endpoints: endpoints, rereading: rereading,
            now: { Int64(Date().timeIntervalSince1970) })
    }

    /// Makes a provider with a clock of its own.
    ///
    /// - Parameter now: The time in seconds since 1970.
    init(
        _ base: any CredentialProvider, signer: RequestSigner, endpoints: Endpoints,
        rereading: (by: Rereading, source: any Rereadable)? = nil, now: @escaping @Sendable () -> Int64
    ) {
        self.base = base
        self.endpoints = endpoints
        self.rereading = rereading
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

    /// Yes: another process signs, and may be stopped or starved.
    public var takesTime: Bool { true }

    /// Whether the base takes a response for a refusal, or the public key isn't accepted (401 or 403).
    public func isRefusal(status: Int, body: [UInt8]) -> Bool {
        base.isRefusal(status: status, body: body) || status == 403 && KnownRefusal.isOfKey(body: body)
    }

    /// Whether the origin is Twilio's.
    public func follows(to origin: Origin) -> Bool { endpoints.includes(origin) }

    /// Has the base obtain another API key; without one, reads the signing key again if its file has changed.
    public func renew(
        refused: Authorization?, priority: Priority, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void
    ) {
        let failure = state.withLock { state -> EnvelopeError? in
            defer { state.failure = nil }
            return state.failure
        }
        if refused == nil, let failure { return completion(.failure(failure)) }
        guard case .signed(let credential, let token) = refused else {
            return base.renew(refused: refused, priority: priority, completion: completion)
        }
        base.renew(refused: .basic(credential), priority: priority) { [self] result in
            if case .success(true) = result { return completion(result) }
            if !isMadeNow(token) { return completion(.success(true)) }
            guard let rereading else { return completion(result) }
            rereading.by.readIfChanged([rereading.source]) { [self] _ in
                completion(isMadeNow(token) ? result : .success(true))
            }
        }
    }

    /// Whether a token is from the signer in use: another request may have had another key read.
    private func isMadeNow(_ token: String) -> Bool { state.withLock { $0.signer }.isMaker(of: token) }
}
