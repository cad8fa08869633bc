public import Logging
import Support
public import Transfer
public import TwilioAPI

/// The credentials of AWS that sign requests to a customer's own bucket.
///
/// They are read at first, on ``reload()``, and once more when a server refuses them: the AWS tools renew a session by
/// writing the file again.
public final class AWSCredentials: BucketCredentials {
    private typealias Completion = @Sendable (Result<Bool, any Error>) -> Void

    private struct State {
        var settings: AWSSettings
        /// The providers by region; an address is the same only with the same provider.
        var providers: [String: RegionalCredentials] = [:]
        /// The transfers that wait until the files are read, with what was refused of each.
        var waiting: [(refused: AWSSignature?, completion: Completion)] = []
    }

    private let sources: AWSSources
    private let logger: Logger
    private let state: Locked<State>

    /// Reads the credentials; that there are none is no error, unless a profile was asked for.
    ///
    /// - Throws: ``AWSError`` for a profile without a key, a malformed key, or an unreadable file.
    public init(_ sources: AWSSources, logger: Logger) throws(AWSError) {
        self.sources = sources
        self.logger = logger
        state = Locked(State(settings: try sources.load()))
    }

    /// The reason why there are none, with the remedy.
    public var absence: String? { state.withLock { $0.settings.absence } }

    /// The region of the environment or of the profile.
    public var region: String? { state.withLock { $0.settings.region } }

    /// The provider of signatures for a region.
    public func provider(region: String) -> any CredentialProvider {
        state.withLock { state in
            if let known = state.providers[region] { return known }
            let made = RegionalCredentials(self, region: region)
            state.providers[region] = made
            return made
        }
    }

    /// Reads the files again, after a signal; blocks.
    ///
    /// What was read before stays when they can't be read.
    ///
    /// - Returns: Whether there is another key now.
    @discardableResult
    public func reload() throws(AWSError) -> Bool {
        let settings = try sources.load()
        return state.withLock { state in
            defer { state.settings = settings }
            return state.settings.key != settings.key
        }
    }

    fileprivate func signature(region: String) -> AWSSignature? {
        state.withLock { $0.settings.key }?.signature(region: region)
    }

    /// Reads the files again for a transfer whose key was refused; once for all that come meanwhile.
    fileprivate func renew(refused: AWSSignature?, completion: @escaping Completion) {
        let mustStart = state.withLock { state -> Bool? in
            guard state.settings.isRenewable else { return nil }
            state.waiting.append((refused, completion))
            return state.waiting.count == 1
        }
        guard let mustStart else { return completion(.success(false)) }
        guard mustStart else { return }
        do throws(SystemError) {
            // A home folder may be on another machine, and the transfer thread mustn't wait for it.
            _ = try NamedThread(name: "aws") { [self] in readAgain() }
        } catch {
            end(error)
        }
    }

    private func readAgain() {
        do throws(AWSError) {
            if try reload() { logger.notice("the AWS credentials have been read again, and have changed") }
            end(nil)
        } catch {
            logger.warning("the AWS credentials can't be read again: \(error.message)")
            end(nil)
        }
    }

    private func end(_ error: (any Error)?) {
        let (waiting, key) = state.withLock { state in
            defer { state.waiting = [] }
            return (state.waiting, state.settings.key)
        }
        for (refused, completion) in waiting {
            if let error {
                completion(.failure(error))
            } else {
                completion(.success(key.map { $0.signature(region: refused?.region ?? "") != refused } ?? false))
            }
        }
    }
}

/// Signs requests to S3 in one region.
private final class RegionalCredentials: CredentialProvider {
    /// Answers by which S3 refuses a key, a session or a secret, rather than the request; see ``TwilioAPI/S3Answer``.
    private static let refusals = [
        "ExpiredToken", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    ]

    /// Keeps the object that keeps this one: both live as long as the mount.
    private let credentials: AWSCredentials
    private let region: String

    init(_ credentials: AWSCredentials, region: String) {
        self.credentials = credentials
        self.region = region
    }

    /// False: Twilio's limits don't count there.
    var isOfAccount: Bool { false }

    func authorization(for request: OutgoingRequest) -> Authorization? {
        credentials.signature(region: region).map { .aws($0) }
    }

    func isRefusal(status: Int, body: [UInt8]) -> Bool {
        guard status == 400 || status == 401 || status == 403 else { return false }
        let text = String(decoding: body, as: UTF8.self)
        return Self.refusals.contains { text.contains("<Code>\($0)</Code>") }
    }

    func renew(
        refused: Authorization?, priority: Priority, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void
    ) {
        var signature: AWSSignature?
        if case .aws(let made) = refused { signature = made }
        credentials.renew(refused: signature, completion: completion)
    }
}
