import FoundationEssentials
import Support
public import Transfer

/// The addresses for downloading the media of one recording.
///
/// Voice media comes from the API, which may redirect to another host (undocumented). The redirect's target is then
/// used until it is refused, so that not every range costs a redirect.
///
/// Video media comes from a presigned address with a limited lifetime, which the API returns. An address is kept until
/// it is refused; downloads that need a fresh one at the same time share one request.
public final class MediaAddressSource: AddressSource {
    private enum Origin {
        /// The API serves the media at its own address.
        case direct(Address)
        /// A request to this address returns the address of the media.
        case resolved(at: Address, by: TransferClient)
    }

    private typealias Completion = @Sendable (Result<Address, any Error>) -> Void

    private struct State {
        /// The address in use; nil at first and after a refusal.
        var current: Address?
        /// The requests for an address and the downloads waiting for them.
        var requests = SingleFlight<SID, Completion>()
    }

    private let origin: Origin
    private let subject: SID

    /// Whether a 404 is repeated.
    private let retriesNotFound: Bool
    /// The limits for requests for an address.
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

    /// The API's own address of the media; nil while another address serves it.
    public var ownAddress: Address? {
        guard case .direct(let address) = origin, state.withLock({ $0.current == nil }) else { return nil }
        return address
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
                let mustStart = state.requests.join(completion, for: subject, urgency: priority.rawValue)
                return mustStart ? .resolve(at: address, by: transfer) : .wait
            }
        }
        switch step {
        case .answer(let address): completion(.success(address))
        case .resolve(let address, let transfer): resolve(at: address, by: transfer, priority: priority)
        case .wait: break
        }
    }

    /// Stores the address that served the media after redirects.
    public func remember(served address: Address) {
        // An address with credentials is the API's own; storing it saves nothing.
        guard address.credentials == nil else { return }
        state.withLock { $0.current = address }
    }

    /// Drops an address that served something other than the media.
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

    /// Why a response isn't the requested redirect, as the end of a sentence; nil for a usable one.
    ///
    /// A login page, for instance, comes from a proxy or a captive portal and is handled like a status 503.
    private static func refusal(of response: Response) -> String? {
        guard told(by: response) == nil else { return nil }
        let type = response.head.headers["Content-Type"].map { " and a page of type \(ForeignText($0))" } ?? ""
        return "sent no media address, but status \(response.head.status)\(type)"
    }

    /// The target of a redirect: its `Location`, else `redirect_to` in its body.
    private static func told(by response: Response) -> String? {
        struct Body: Decodable { let redirect_to: String }
        return response.head.headers["location"]
            ?? (try? JSONDecoder().decode(Body.self, from: Data(response.body)))?.redirect_to
    }

    /// The address in a redirect, without credentials: it carries its own signature; S3 refuses both together.
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
