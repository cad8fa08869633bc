import FoundationEssentials
import Support
public import Transfer

/// The addresses for downloading the media of one recording.
///
/// Voice media comes from the API, which may redirect to another host (undocumented). Downloads then use the redirect's
/// target until it is refused, so that not every range costs a redirect.
///
/// Video media comes from a presigned address with a limited lifetime, which the API returns. An address is used until
/// it is refused, or is about to expire as far as it tells; downloads that need a fresh one at the same time share one
/// request.
public final class MediaAddressSource: MediaAddresses {
    private typealias Completion = @Sendable (Result<Address, any Error>) -> Void

    private struct State {
        /// The address in use; nil at first and after a refusal.
        var current: Address?
        /// The requests for an address and the downloads waiting for them, by the patience in an outage.
        var requests = SingleFlight<Duration, Completion>()
    }

    /// The size limit of an answer with an address in bytes: one takes two thousand, but a page of a proxy, in whose
    /// place the answer is asked for again, may be large.
    private static let answerLimit = 1 << 20

    /// The API's address: of the media, or of a redirect to it.
    private let origin: Address
    private let subject: SID
    /// Requests the redirect; nil when the API serves the media.
    private let resolver: TransferClient?
    /// Whether a request is repeated after a 404.
    private let retriesNotFound: Bool
    /// The limits for requests for an address.
    private let patience: Patience
    private let state = Locked(State())

    init(
        at origin: Address, subject: SID, resolver: TransferClient? = nil, retriesNotFound: Bool = false,
        patience: Patience = .media
    ) {
        self.origin = origin
        self.subject = subject
        self.resolver = resolver
        self.retriesNotFound = retriesNotFound
        self.patience = patience
    }

    /// The API's own address of the media; nil while another address serves it.
    public var ownAddress: Address? {
        resolver == nil && state.withLock { $0.current == nil } ? origin : nil
    }

    /// Returns the address in use, or a fresh one after a refusal.
    ///
    /// - Parameters:
    ///   - priority: The urgency of a request for an address.
    ///   - completion: Called at once or on the transfer thread.
    public func address(
        replacing refused: Address?, priority: Priority,
        completion: @escaping @Sendable (Result<Address, any Error>) -> Void
    ) {
        address(replacing: refused, priority: priority, outage: patience.outage, completion: completion)
    }

    /// Returns the address in use, or a fresh one after a refusal.
    ///
    /// Only downloads of the same patience in an outage share a request: a reader mustn't get what little patience
    /// somebody at a terminal has, who mustn't wait as long as a reader. An address serves all of them.
    public func address(
        replacing refused: Address?, priority: Priority, outage: Duration,
        completion: @escaping @Sendable (Result<Address, any Error>) -> Void
    ) {
        let (known, mustResolve) = state.withLock { state -> (Address?, Bool) in
            if let current = state.current, current == refused || current.isStale() { state.current = nil }
            if let known = state.current ?? (resolver == nil ? origin : nil) { return (known, false) }
            return (nil, state.requests.join(completion, for: outage, urgency: priority.rawValue))
        }
        if let known {
            completion(.success(known))
        } else if mustResolve, let resolver {
            resolve(by: resolver, priority: priority, outage: outage)
        }
    }

    /// Stores the address that served the media after redirects.
    public func remember(served address: Address) {
        // An address with credentials is the API's own; storing it saves nothing.
        guard address.credentials == nil else { return }
        state.withLock { state in
            // A slow download may have begun at an address that was refused meanwhile, or replaced by a fresher one.
            if let current = state.current, !current.isOlder(than: address) { return }
            if resolver == nil, !address.isStale() { state.current = address }
        }
    }

    /// Drops an address that served something other than the media.
    public func forget(served address: Address) {
        state.withLock { state in
            if state.current == address { state.current = nil }
        }
    }

    private func resolve(by resolver: TransferClient, priority: Priority, outage: Duration) {
        var patience = patience
        patience.outage = outage
        resolver.send(
            Request(
                address: origin, priority: priority, redirects: .report, patience: patience,
                bodyLimit: Self.answerLimit, retriesNotFound: retriesNotFound, refusal: Self.refusal(of:))
        ) { [self] result in
            let outcome = Result<Address, any Error> {
                let response = try result.mapError { TwilioError($0, subject: "the media of \(subject)") }.get()
                return try Self.location(in: response, subject: subject)
            }
            let address = try? outcome.get()
            let waiting = state.withLock { state -> [Completion] in
                let own = state.requests.complete(outage, urgency: priority.rawValue, isUsable: address != nil)
                guard let address else { return own }
                state.current = address
                return own + state.requests.serveAll()
            }
            for completion in waiting { completion(outcome) }
        }
    }

    /// The fault of a response that isn't the requested redirect, as the end of a sentence; nil for a redirect.
    ///
    /// Such a response is handled like a status 503: it may be the login page of a proxy or a captive portal.
    private static func refusal(of response: Response) -> String? {
        guard target(of: response) == nil else { return nil }
        let type = response.head.headers["Content-Type"].map { " and a page of type \(ForeignText($0))" } ?? ""
        return "sent no media address, but status \(response.head.status)\(type)"
    }

    /// The target of a redirect: its `Location`, else `redirect_to` in its body.
    private static func target(of response: Response) -> String? {
        struct Body: Decodable { let redirect_to: String }
        return response.head.headers["location"]
            ?? (try? JSONDecoder().decode(Body.self, from: Data(response.body)))?.redirect_to
    }

    /// The address in a redirect, without credentials: it has a signature, and S3 refuses both together.
    private static func location(in response: Response, subject: SID) throws -> Address {
        guard let text = target(of: response) else {
            throw TwilioError(.malformedAnswer, "Twilio sent no address for the media of \(subject)")
        }
        do throws(AddressError) {
            return try response.head.address.redirected(to: text, by: response.head.headers).withoutCredentials
        } catch {
            throw TwilioError(.malformedAnswer, error.message, cause: error)
        }
    }
}
