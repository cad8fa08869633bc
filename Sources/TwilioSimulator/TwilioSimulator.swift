import FoundationEssentials
import Threading

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
    /// The SID of the key for which media is sealed by default; nil when the account has none.
    public let publicKeySID: String?
    /// The file with the authority's certificate to trust, PEM; nil without TLS.
    ///
    /// It is removed by `stop()`.
    public let authorityFile: String?

    private let account: SimulatedAccount
    private let server: SimulatorServer

    /// Reads the media folder, and serves when it returns.
    ///
    /// Blocks: each file is read once for its digests. Sealing is done when a file is first asked for, or at once
    /// when it is exported.
    ///
    /// - Throws: `SimulatorError` when a file can't be read, a key is unusable or a port is taken.
    public static func start(_ configuration: SimulatorConfiguration) throws(SimulatorError) -> TwilioSimulator {
        let store = try MediaStore()
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

        let account = try Self.account(configuration, store: store, mediaURL: mediaURL)
        if let folder = configuration.exportFolder {
            try MediaExport(account: account, behaviour: configuration.behaviour).write(to: folder)
        }
        pending.withLock { $0 = SimulatedService(account: account, logger: configuration.logger) }
        let apiPort = try server.listen(
            host: .api, port: configuration.apiPort, identity: identity, service: service)

        var authorityFile: String?
        if let identity {
            let path = "\(store.folder)/authority.pem"
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
        publicKeySID = account.defaultPublicKeySID
        self.authorityFile = authorityFile
        self.account = account
        self.server = server
    }

    private static func account(
        _ configuration: SimulatorConfiguration, store: MediaStore, mediaURL: String
    ) throws(SimulatorError) -> SimulatedAccount {
        var keys: [AccountState.PublicKey] = []
        for (index, description) in configuration.publicKeys.enumerated() {
            guard isSID(description.sid, prefix: "CR") else {
                throw SimulatorError(.input, "\(description.sid) is no SID of a public key; give CR and 32 digits")
            }
            keys.append(
                AccountState.PublicKey(
                    sid: description.sid, friendlyName: "Key \(index + 1)", created: .now,
                    key: try RecipientKey(pem: Array(description.pem.utf8))))
        }
        var generated: GeneratedRecordings?
        if configuration.generatedRecordings > 0 {
            guard let key = keys.first else {
                throw SimulatorError(.input, "Generated recordings need a public key to be sealed for; give one")
            }
            generated = try GeneratedRecordings(
                count: configuration.generatedRecordings, newest: Instant.now.startOfDay, publicKeySID: key.sid,
                key: key.key, envelopes: configuration.generatedEnvelopes)
        }
        var resources = AccountState(generated: generated)
        resources.publicKeys = keys
        let account = SimulatedAccount(
            credentials: configuration.credentials, store: store,
            presigned: PresignedAddress(base: mediaURL, secret: try randomBytes(32)),
            defaultPublicKeySID: keys.first?.sid,
            state: SimulatedAccount.State(resources: resources, behaviour: configuration.behaviour))
        if let path = configuration.mediaFolder {
            let folder = MediaFolder(path: path) { sid throws(SimulatorError) in try account.makeSecrets(sid) }
            for resource in try folder.resources() { account.state.withLock { $0.resources.put(resource) } }
        }
        return account
    }

    /// Ends all transfers, closes the ports, and removes what was sealed.
    ///
    /// Takes milliseconds, and is to be called once.
    public func stop() {
        server.stop()
        account.store.remove()
    }
}

extension TwilioSimulator {
    /// The requests since the start or the last clearing, in order of arrival; those for the simulator's control are
    /// left out.
    public var requests: [LoggedRequest] { account.state.withLock { $0.log.requests } }

    /// Forgets the requests so far.
    public func clearRequests() {
        account.state.withLock { $0.log.clear() }
    }

    /// The behaviour, obeyed from the next request on.
    public var behaviour: Behaviour {
        get { account.state.withLock { $0.behaviour } }
        set { account.state.withLock { $0.behaviour = newValue } }
    }

    /// The fault rules, in the order in which they are tried.
    ///
    /// Setting them starts their counts afresh.
    public var faults: [FaultRule] {
        get { account.state.withLock { $0.faults.rules } }
        set {
            account.state.withLock { state in
                state.faults.removeAll()
                state.faults.add(newValue)
            }
        }
    }

    /// The resources with media of a file, by SID.
    ///
    /// Generated ones are not among them.
    public var manifest: [String: ManifestEntry] { account.manifest }

    /// Adds a resource.
    ///
    /// - Parameters:
    ///   - file: the media; nil for a resource without.
    ///   - fields: members to override, as in a side file.
    ///   - encrypted: whether the media is sealed.
    /// - Returns: its SID.
    @discardableResult
    public func add(
        _ kind: MediaKind, file: String? = nil, fields: [String: JSONValue] = [:], encrypted: Bool = true
    ) throws(SimulatorError) -> String {
        try account.add(kind, file: file, fields: fields, sealed: encrypted)
    }

    /// Lays members over those of a resource; `status` and `date_created` have their meaning.
    public func update(_ sid: String, fields: [String: JSONValue]) throws(SimulatorError) {
        try account.update(sid: sid, fields: fields)
    }

    /// Deletes a resource as the APIs do: its media goes and its status becomes `deleted`.
    public func delete(_ sid: String) throws(SimulatorError) {
        try account.delete(sid: sid, withMetadata: false)
    }

    /// Removes a resource without a trace, as the end of the time for which metadata is kept does.
    public func remove(_ sid: String) throws(SimulatorError) {
        try account.delete(sid: sid, withMetadata: true)
    }

    /// Gives the SID of a generated recording; number 0 is the newest.
    public static func generatedSID(_ number: Int) -> String {
        GeneratedRecordings.sid(number, prefix: "RE")
    }

    /// Gives the plaintext of a generated recording.
    public static func generatedContent(_ number: Int) -> [UInt8] {
        GeneratedRecordings.content(number)
    }
}
