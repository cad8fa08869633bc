import FoundationEssentials
import Support
public import Transfer

/// The addresses from which the media of one recording is downloaded.
///
/// Voice media is fetched from the API, which may redirect to another host (whether it does is not documented). Then
/// the address to which it redirected is used until it is refused, so that not every range costs a redirect.
///
/// Video media is fetched from a presigned address of limited life, which the API hands out. One is kept until it is
/// refused, and when many downloads want a fresh one at the same time, the API is asked once.
public final class MediaAddressSource: AddressSource {
    private enum Origin {
        /// The API's own address serves the media.
        case direct(Address)

        /// The address in question is the answer to a request to this one.
        case resolved(at: Address, by: TransferClient)
    }

    private typealias Completion = @Sendable (Result<Address, any Error>) -> Void

    private struct State {
        /// The address in use; nil when there is none yet, or the last one was refused.
        var current: Address?

        /// The requests under way, and the downloads that wait for their answer.
        var requests = SingleFlight<SID, Completion>()
    }

    private let origin: Origin
    private let subject: SID

    /// Whether the API is asked again when it knows of no media yet.
    private let retriesNotFound: Bool

    /// How long the API is asked again.
    private let patience: Patience
    private let state = Locked(State())

    init(direct address: Address, subject: SID) {
        retriesNotFound = false
        patience = .media
        origin = .direct(address)
        self.subject = subject
    }

    init(
        resolvedAt address: Address, subject: SID, transfer: TransferClient, retriesNotFound: Bool,
        patience: Patience = .media
    ) {
        self.retriesNotFound = retriesNotFound
        self.patience = patience
        origin = .resolved(at: address, by: transfer)
        self.subject = subject
    }

    /// The API's own address of the media; nil where the media is, or has lately been, served from somewhere else.
    public var ownAddress: Address? {
        guard case .direct(let address) = origin, state.withLock({ $0.current == nil }) else { return nil }
        return address
    }

    /// Hands over the address in use, or a fresh one in place of one that was refused.
    ///
    /// - Parameters:
    ///   - priority: how urgent a request is, should one be needed.
    ///   - completion: called at once, or on the transfer thread.
    public func address(
        replacing refused: Address?, priority: Priority,
        completion: @escaping @Sendable (Result<Address, any Error>) -> Void
    ) {
        enum Step {
            case answer(Address)
            case resolve(at: Address, by: TransferClient)
            case wait
        }
        let step = state.withLock { state -> Step in
            if let refused, state.current == refused { state.current = nil }
            if let current = state.current { return .answer(current) }
            switch origin {
            case .direct(let address):
                return .answer(address)
            case .resolved(let address, let transfer):
                let joined = state.requests.join(completion, for: subject, urgency: priority.rawValue)
                return joined.mustStart ? .resolve(at: address, by: transfer) : .wait
            }
        }
        switch step {
        case .answer(let address): completion(.success(address))
        case .resolve(let address, let transfer): resolve(at: address, by: transfer, priority: priority)
        case .wait: break
        }
    }

    /// Takes note of the address that served the media in the end, after redirects.
    public func remember(served address: Address) {
        // An address with credentials is the API's own; there is nothing to be saved by keeping it.
        guard address.credentials == nil else { return }
        state.withLock { $0.current = address }
    }

    /// Takes note that an address served something else than the media: it isn't used again.
    public func forget(served address: Address) {
        state.withLock { state in
            if state.current == address { state.current = nil }
        }
    }

    private func resolve(at address: Address, by transfer: TransferClient, priority: Priority) {
        transfer.send(
            Request(
                address: address, priority: priority, redirects: .report, patience: patience,
                retriesNotFound: retriesNotFound, refusal: Self.refusal(of:))
        ) { [self] result in
            let outcome: Result<Address, any Error>
            switch result {
            case .success(let response):
                outcome = Result { try Self.location(in: response, subject: subject) }
            case .failure(let error):
                outcome = .failure(TwilioError(error, subject: "the media of \(subject)"))
            }
            let address = try? outcome.get()
            let waiting = state.withLock { state -> [Completion] in
                if let address { state.current = address }
                return state.requests.complete(subject, urgency: priority.rawValue, isUsable: address != nil)
            }
            for completion in waiting { completion(outcome) }
        }
    }

    /// Why an answer can't be the redirect that was asked for, as the end of a sentence about it; nil when it can.
    ///
    /// What stands in its place, a login page for instance, is a proxy's or a portal's, and passes like a status 503.
    private static func refusal(of response: Response) -> String? {
        guard told(by: response) == nil else { return nil }
        let type = response.head.headers["Content-Type"].map { " and a page of type \(ForeignText($0))" } ?? ""
        return "sent no media address, but status \(response.head.status)\(type)"
    }

    /// What a redirect names: its `Location`, else `redirect_to` of its body.
    private static func told(by response: Response) -> String? {
        struct Body: Decodable { let redirect_to: String }
        return response.head.headers["location"]
            ?? (try? JSONDecoder().decode(Body.self, from: Data(response.body)))?.redirect_to
    }

    /// The address in a redirect.
    ///
    /// It carries its own signature, so it gets no credentials, whosever it is: with both, S3 refuses.
    private static func location(in response: Response, subject: SID) throws -> Address {
        guard let text = told(by: response) else {
            throw TwilioError(.malformedAnswer, "Twilio sent no address for the media of \(subject)")
        }
        do throws(AddressError) {
            return Address(url: try response.head.address.redirected(to: text).url)
        } catch {
            throw TwilioError(.malformedAnswer, error.message, cause: error)
        }
    }
}
