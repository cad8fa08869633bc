import FoundationEssentials
import NIOCore
import NIOHTTP1
public import Support

/// Is a Twilio account on the loopback interface: its API on one port, the storage of its media on another.
///
/// It has threads of its own and never uses Swift's cooperative pool, so that tests may block that. All members may be
/// used from any thread.
public final class TwilioSimulator: Sendable {
    /// The base address of the API: `http://127.0.0.1:PORT`, or https.
    public let apiURL: String
    /// The base address of the media host.
    public let mediaURL: String
    /// The account's name and keys.
    public let credentials: SimulatedCredentials
    /// The accounts that belong to it, as they were at the start.
    public let subaccounts: [SimulatedSubaccount]
    /// The SID of the key for which media is sealed by default; nil when the account has none.
    public let publicKeySID: String?
    /// The file with the authority's certificate to trust, PEM; nil without TLS.
    ///
    /// It is removed by `stop()`.
    public let authorityFile: String?

    private let simulation: Simulation
    private let store: MediaStore
    private let server: SimulatorServer

    /// Reads the media folder, and serves when it returns.
    ///
    /// Blocks: each file is read once for its digests. Sealing is done when a file is first asked for, or at once
    /// when it is exported.
    ///
    /// - Throws: `SimulatorError` when a file can't be read, a key is unusable or a port is taken.
    public static func start(_ configuration: SimulatorConfiguration) throws(SimulatorError) -> TwilioSimulator {
        let store = MediaStore(in: configuration.temporaryFolder)
        let server = SimulatorServer()
        do throws(SimulatorError) {
            return try TwilioSimulator(configuration, store: store, server: server)
        } catch {
            server.stop()
            store.remove()
            throw error
        }
    }

    private init(
        _ configuration: SimulatorConfiguration, store: MediaStore, server: SimulatorServer
    ) throws(SimulatorError) {
        let identity = configuration.tls ? try ServerIdentity() : nil
        // The addresses of media name the media port, so the account is made when the ports are known.
        let pending = Locked<SimulatedService?>(nil)
        let service: @Sendable () -> SimulatedService? = { pending.withLock { $0 } }
        let scheme = configuration.tls ? "https" : "http"
        let mediaPort = try server.listen(
            host: .media, port: configuration.mediaPort, identity: identity, service: service)
        let mediaURL = "\(scheme)://127.0.0.1:\(mediaPort)"

        let simulation = try Simulation(configuration, store: store, mediaURL: mediaURL)
        if let folder = configuration.exportFolder {
            try MediaExport(accounts: simulation.accounts, behaviour: configuration.behaviour).write(to: folder)
        }
        pending.withLock { $0 = SimulatedService(simulation: simulation, logger: configuration.logger) }
        let apiPort = try server.listen(
            host: .api, port: configuration.apiPort, identity: identity, service: service)

        var authorityFile: String?
        if let identity {
            let path = "\(try store.folder())/authority.pem"
            do {
                try Data(identity.authorityPEM).write(to: URL(filePath: path))
            } catch {
                throw SimulatorError(.file, "The file \(path) can't be written", cause: error)
            }
            authorityFile = path
        }
        apiURL = "\(scheme)://127.0.0.1:\(apiPort)"
        self.mediaURL = mediaURL
        credentials = configuration.credentials
        subaccounts = configuration.subaccounts
        publicKeySID = simulation.main.defaultPublicKeySID
        self.authorityFile = authorityFile
        self.simulation = simulation
        self.store = store
        self.server = server
    }

    /// Ends all transfers, closes the ports, and removes what was sealed.
    ///
    /// Takes milliseconds, and is to be called once.
    public func stop() {
        server.stop()
        store.remove()
    }
}

extension TwilioSimulator {
    /// The requests since the start or the last clearing, in order of arrival; those for the simulator's control are
    /// left out.
    public var requests: [LoggedRequest] { simulation.state.withLock { $0.log.requests } }

    /// Forgets the requests so far.
    public func clearRequests() {
        simulation.state.withLock { $0.log.clear() }
    }

    /// The behaviour, obeyed from the next request on.
    public var behaviour: Behaviour {
        get { simulation.state.withLock { $0.behaviour } }
        set { simulation.state.withLock { $0.behaviour = newValue } }
    }

    /// The fault rules, in the order in which they are tried.
    ///
    /// Setting them starts their counts afresh.
    public var faults: [FaultRule] {
        get { simulation.state.withLock { $0.faults.rules } }
        set {
            simulation.state.withLock { state in
                state.faults.removeAll()
                state.faults.add(newValue)
            }
        }
    }

    /// The OAuth tokens that were given out, in order.
    public var givenOutTokens: [String] { simulation.state.withLock { $0.tokens.all } }

    /// What requests carried that opens something.
    var carriedSecrets: Set<String> { simulation.state.withLock { $0.log.secrets } }

    /// The content keys of all resources that aren't deleted.
    var contentKeys: Set<[UInt8]> {
        simulation.accounts.reduce(into: []) { keys, account in
            let (stored, generated) = account.state.withLock { ($0.stored, $0.generated) }
            keys.formUnion(stored.compactMap { $0.media?.seal?.contentKey })
            keys.formUnion(generated?.contentKeys ?? [])
        }
    }

    /// How many requests for an OAuth token were refused.
    public var refusedTokenCount: Int { simulation.state.withLock { $0.tokens.refused } }

    /// Ends all OAuth tokens: from now on they are refused.
    public func endTokens() {
        simulation.state.withLock { $0.tokens.endAll() }
    }

    /// The API keys, and credentials of accounts, that reach a part of what these have.
    ///
    /// They are obeyed from the next request on.
    public var keys: [SimulatedKey] {
        get { simulation.state.withLock { $0.keys.keys } }
        set { simulation.state.withLock { $0.keys = KeyTable(newValue) } }
    }

    /// The main account's resources with media of a file, by SID.
    ///
    /// Generated ones are not among them.
    public var manifest: [String: ManifestEntry] { simulation.main.manifest }

    /// Gives an account's resources with media of a file, by SID.
    public func manifest(account: String) throws(SimulatorError) -> [String: ManifestEntry] {
        try simulation.account(named: account).manifest
    }

    /// Adds a resource.
    ///
    /// - Parameters:
    ///   - file: the media; nil for a resource without.
    ///   - fields: members to override, as in a side file.
    ///   - encrypted: whether the media is sealed.
    ///   - account: the SID of the account that gets it; nil for the main one, here and below.
    /// - Returns: its SID.
    @discardableResult
    public func add(
        _ kind: MediaKind, file: String? = nil, fields: [String: JSONValue] = [:], encrypted: Bool = true,
        account: String? = nil
    ) throws(SimulatorError) -> String {
        try simulation.account(named: account).add(kind, file: file, fields: fields, sealed: encrypted)
    }

    /// Lays members over those of a resource; `status` and `date_created` have their meaning.
    public func update(
        _ sid: String, fields: [String: JSONValue], account: String? = nil
    ) throws(SimulatorError) {
        try simulation.account(named: account).update(sid: sid, fields: fields)
    }

    /// Deletes a resource as the APIs do: its media goes and its status becomes `deleted`.
    public func delete(_ sid: String, account: String? = nil) throws(SimulatorError) {
        try simulation.account(named: account).delete(sid: sid, withMetadata: false)
    }

    /// Removes a resource without a trace, as the end of the time for which metadata is kept does.
    public func remove(_ sid: String, account: String? = nil) throws(SimulatorError) {
        try simulation.account(named: account).delete(sid: sid, withMetadata: true)
    }

    /// Replaces an account's secrets: from the next request on, those before are refused.
    ///
    /// - Parameters:
    ///   - authToken: The new auth token; nil leaves it as it is, here and below.
    ///   - apiSecret: The new secret of the main account's API key.
    ///   - clientSecret: The new secret of the OAuth client; tokens stay.
    public func replaceSecrets(
        authToken: String? = nil, apiSecret: String? = nil, clientSecret: String? = nil, account: String? = nil
    ) throws(SimulatorError) {
        try simulation.account(named: account).replaceSecrets(authToken: authToken, apiSecret: apiSecret)
        if let clientSecret { simulation.state.withLock { $0.clientSecret = clientSecret } }
    }

    /// Lays members over those that the simulator makes up of a call, `from` and `to` for instance.
    ///
    /// - Parameter fields: a call without recordings needs a `start_time`.
    public func setCall(
        _ sid: String, fields: [String: JSONValue], account: String? = nil
    ) throws(SimulatorError) {
        try simulation.account(named: account).setCall(sid: sid, fields: fields)
    }

    /// Gives who called whom in a call of which nothing was set, and its direction.
    public func parties(ofCall sid: String) -> (from: String, to: String, direction: String) {
        CallRendering.parties(of: sid)
    }

    /// Gives an account another status.
    public func change(account: String, to status: AccountStatus) throws(SimulatorError) {
        try simulation.account(named: account).status = status
    }

    /// Obeys a request for the simulator's control, `/_simulator/PATH`, as though it had come to the API's port.
    ///
    /// - Parameters:
    ///   - path: what follows `/_simulator/`, with the query.
    ///   - body: JSON.
    /// - Returns: the JSON of the answer; empty for an answer without a body.
    /// - Throws: `SimulatorError` when the request is refused.
    @discardableResult
    public func control(_ method: String, _ path: String, body: String = "") throws(SimulatorError) -> [UInt8] {
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: method), uri: "/_simulator/\(path)")
        let request = SimulatedRequest(host: .api, head: head, body: Array(body.utf8))
        let response = try ControlService(simulation: simulation).respond(request)
        guard response.status < 300, case .bytes(let buffer) = response.body else {
            throw SimulatorError(.input, "\(method) \(path) is no request that the simulator obeys; correct it")
        }
        return Array(buffer.readableBytesView)
    }

    /// Gives the SID of a generated recording; number 0 is the newest.
    public static func generatedSID(_ number: Int) -> String {
        GeneratedRecordings.sid(number, prefix: "RE")
    }

    /// Gives the plaintext of a generated recording.
    public static func generatedContent(_ number: Int) -> [UInt8] {
        GeneratedContent.bytes(number)
    }
}
