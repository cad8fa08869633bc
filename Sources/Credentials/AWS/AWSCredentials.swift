public import Support
public import Transfer
public import TwilioAPI

/// The credentials of AWS that sign requests to a customer's own bucket.
///
/// They are read at first, when the user asks for it, and once more when a server refuses them: the AWS tools renew a
/// session by writing the file again.
public final class AWSCredentials: BucketCredentials {
    private struct State {
        var settings: AWSSettings
        /// The files' stamps before the last attempt to read them.
        var stamps: [FileStamp?]
        /// The providers by region; an address is the same only with the same provider.
        var providers: [String: RegionalCredentials] = [:]
    }

    /// The most providers that are kept: a server may name regions.
    private static let providerLimit = 1000

    private let sources: AWSSources
    private let rereading: Rereading?
    private let state: Locked<State>

    /// Reads the credentials; that there are none is no error, unless a profile was asked for.
    ///
    /// - Parameter rereading: Reads the files again; nil to read them once.
    /// - Throws: ``AWSError`` for a profile of the command line that can't be used.
    public init(_ sources: AWSSources, rereading: Rereading?) throws(AWSError) {
        self.sources = sources
        self.rereading = rereading
        let stamps = sources.files.map { FileStamp(of: $0) }
        let settings = try sources.load()
        state = Locked(State(settings: settings, stamps: stamps))
        if settings.isRenewable { rereading?.add(self) }
    }

    /// The reason why there are none, with the remedy.
    public var absence: String? { state.withLock { $0.settings.absence } }

    /// The region of the environment or of the profile.
    public var region: String? { state.withLock { $0.settings.region } }

    /// The provider of signatures for a region.
    public func provider(region: String) -> any CredentialProvider {
        state.withLock { state in
            if let known = state.providers[region] { return known }
            if state.providers.count >= Self.providerLimit { state.providers.removeAll() }
            let made = RegionalCredentials(self, region: region)
            state.providers[region] = made
            return made
        }
    }

    fileprivate func signature(region: String) -> AWSSignature? {
        state.withLock { $0.settings.key }?.signature(region: region)
    }

    /// Reads the files again for a transfer whose key was refused, unless another key was read already.
    fileprivate func renew(
        refused: AWSSignature?, region: String, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void
    ) {
        let hasOther: @Sendable () -> Bool = { [self] in
            signature(region: region).map { $0 != refused } ?? false
        }
        guard let rereading, state.withLock({ $0.settings.isRenewable }), !hasOther() else {
            return completion(.success(hasOther()))
        }
        rereading.readIfChanged([self]) { _ in completion(.success(hasOther())) }
    }
}

extension AWSCredentials: Rereadable {
    /// The name in log lines.
    public var name: String { "the AWS profile '\(sources.profile)'" }

    /// Whether one of the files is there: most users have neither.
    public var isThere: Bool { sources.files.contains { FileStamp(of: $0) != nil } }

    /// Reads the files again; see ``Rereadable``.
    ///
    /// Files without a usable key leave the present one in use, as with every other credential.
    public func readAgain(evenIfUnchanged: Bool) throws -> Bool {
        let stamps = sources.files.map { FileStamp(of: $0) }
        let isDue = state.withLock { state in
            defer { state.stamps = stamps }
            return evenIfUnchanged || stamps != state.stamps
        }
        guard isDue else { return false }
        let settings = try sources.load()
        return try state.withLock { (state) throws(AWSError) in
            if state.settings.key != nil, settings.key == nil {
                throw AWSError(.unusableProfile, settings.absence ?? "it has no key any more")
            }
            defer { state.settings = settings }
            return state.settings.key != settings.key
        }
    }
}

/// Signs requests to S3 in one region.
private final class RegionalCredentials: CredentialProvider {
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

    func isRefusal(status: Int, body: [UInt8]) -> Bool { S3Answer.refusesKey(status: status, body: body) }

    func renew(
        refused: Authorization?, priority: Priority, completion: @escaping @Sendable (Result<Bool, any Error>) -> Void
    ) {
        var signature: AWSSignature?
        if case .aws(let made) = refused { signature = made }
        credentials.renew(refused: signature, region: region, completion: completion)
    }
}
