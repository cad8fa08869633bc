import Support

/// Is one account, for the threads that serve it.
///
/// There is one lock, held for moments and never while something is sealed, read or sent.
final class SimulatedAccount: Sendable {
    /// Its SID.
    let sid: String
    /// The secrets that open it, which may be replaced.
    private let secrets: Locked<AccountSecrets>
    /// Its name.
    let friendlyName: String
    /// The SID of the account that owns it: its own, for the main account.
    let owner: String
    /// When it was opened.
    let created: Instant
    /// The sealed files.
    let store: MediaStore
    /// Signs addresses of the media host.
    let presigned: PresignedAddress
    /// The SID of the key for which media is sealed by default; nil when the account has none.
    let defaultPublicKeySID: String?
    /// The state; see the type about what may happen under the lock.
    let state: Locked<AccountState>

    /// Whether it owns the others.
    var isMain: Bool { sid == owner }

    /// What it may do.
    var status: AccountStatus {
        get { state.withLock { $0.status } }
        set { state.withLock { $0.status = newValue } }
    }

    /// Makes the main account.
    init(_ credentials: SimulatedCredentials, store: MediaStore, presigned: PresignedAddress, state: AccountState) {
        sid = credentials.accountSID
        secrets = Locked(
            AccountSecrets(
                authToken: credentials.authToken, apiKey: credentials.apiKey, apiSecret: credentials.apiSecret))
        friendlyName = "Simulated account"
        owner = credentials.accountSID
        created = Instant(year: 2015, month: 1, day: 1, secondOfDay: 0)
        self.store = store
        self.presigned = presigned
        defaultPublicKeySID = state.publicKeys.first?.sid
        self.state = Locked(state)
    }

    /// Makes a subaccount.
    ///
    /// - Parameter number: how many others were opened before it.
    init(
        _ description: SimulatedSubaccount, number: Int, owner: String, store: MediaStore, presigned: PresignedAddress,
        state: AccountState
    ) {
        sid = description.sid
        secrets = Locked(AccountSecrets(authToken: description.authToken, apiKey: nil, apiSecret: nil))
        friendlyName = description.name
        self.owner = owner
        created = Instant(year: 2016, month: 1, day: 1, secondOfDay: 0).advanced(by: number * Instant.secondsPerDay)
        self.store = store
        self.presigned = presigned
        defaultPublicKeySID = state.publicKeys.first?.sid
        self.state = Locked(state)
    }

    /// Its auth token.
    var authToken: String { secrets.withLock { $0.authToken } }

    /// Whether a name and a password, with a colon between, open it.
    func isOpened(by login: String) -> Bool {
        secrets.withLock { secrets in
            login == "\(sid):\(secrets.authToken)"
                || secrets.apiKey.map { login == "\($0):\(secrets.apiSecret ?? "")" } ?? false
        }
    }

    /// Replaces secrets: from the next request on, those before open nothing; nil leaves one as it is.
    func replaceSecrets(authToken: String?, apiSecret: String?) {
        secrets.withLock { secrets in
            secrets.authToken = authToken ?? secrets.authToken
            secrets.apiSecret = apiSecret ?? secrets.apiSecret
        }
    }

    /// Begins the texts from which SIDs of this account's resources are derived.
    ///
    /// Files of two accounts may have the same name, their resources never the same SID.
    private var scope: String { isMain ? "" : "\(sid)/" }

    /// Adds the resources of a folder.
    func addMedia(of path: String) throws(SimulatorError) {
        let folder = MediaFolder(path: path, scope: scope) { sid throws(SimulatorError) in try self.makeSecrets(sid) }
        for resource in try folder.resources() { state.withLock { $0.put(resource) } }
    }

    /// Adds the resource of a file, or one without media.
    ///
    /// - Returns: its SID.
    func add(
        _ kind: MediaKind, file: String?, fields: [String: JSONValue], sealed: Bool
    ) throws(SimulatorError) -> String {
        let resource: StoredResource
        if let file {
            resource = try MediaFolder.resource(kind, file: file, scope: scope, sealed: sealed, fields: fields) {
                sid throws(SimulatorError) in
                try self.makeSecrets(sid)
            }
        } else {
            let name = "resource-\(hexadecimal(try randomBytes(8))).\(kind.fileExtensions[0])"
            resource = try StoredResource.make(
                kind, name: name, scope: scope, fields: fields, file: nil, seal: nil)
        }
        state.withLock { $0.put(resource) }
        return resource.sid
    }

    /// Lays members over those of a resource; `status` and `date_created` are obeyed.
    func update(sid: String, fields: [String: JSONValue]) throws(SimulatorError) {
        var created: Instant?
        if let date = fields["date_created"]?.string {
            guard let moment = Instant(text: date) else {
                throw SimulatorError(.input, "\(date) is no date; write it as RFC 2822 or ISO 8601 has it")
            }
            created = moment
        }
        let moment = created
        let found = state.withLock { state in
            guard var resource = state.resource(sid: sid) else { return false }
            resource.created = moment ?? resource.created
            resource.status = fields["status"]?.string ?? resource.status
            for (name, value) in fields where !["sid", "status", "date_created"].contains(name) || value == .null {
                resource.fields[name] = value
            }
            state.put(resource)
            return true
        }
        guard found else { throw .unknownResource(sid) }
    }

    /// Deletes a resource as the APIs do: its media goes and its status becomes `deleted`.
    ///
    /// - Parameter withMetadata: whether nothing of it remains, as after the time for which Twilio keeps metadata.
    func delete(sid: String, withMetadata: Bool) throws(SimulatorError) {
        let found = state.withLock { state in
            guard var resource = state.resource(sid: sid) else { return false }
            if withMetadata {
                state.remove(sid: sid)
            } else {
                resource.status = "deleted"
                resource.media = resource.media?.withoutContent
                state.put(resource)
            }
            return true
        }
        guard found else { throw .unknownResource(sid) }
    }

    /// Lays members over those of a call, in place of those that were set before.
    func setCall(sid: String, fields: [String: JSONValue]) throws(SimulatorError) {
        guard isSID(sid, prefix: "CA") else {
            throw SimulatorError(.input, "\(sid) is no SID of a call; give CA and 32 digits")
        }
        state.withLock { $0.setCalls[sid] = fields }
    }

    /// Makes content secrets for the public key with a SID, or the default key.
    func makeSecrets(_ publicKeySID: String?) throws(SimulatorError) -> SealSecrets {
        guard let sid = publicKeySID ?? defaultPublicKeySID else {
            throw SimulatorError(.input, "There is no public key to seal media for; give one")
        }
        guard let key = state.withLock({ $0.publicKeys.first { $0.sid == sid }?.key }) else {
            throw SimulatorError(.input, "There is no public key \(sid) to seal media for; give its file")
        }
        return try SealSecrets(publicKeySID: sid, key: key)
    }
}

/// The secrets that open an account.
private struct AccountSecrets: Sendable {
    var authToken: String
    /// The SID of an API key; nil for none.
    let apiKey: String?
    var apiSecret: String?
}

extension SimulatorError {
    static func unknownResource(_ sid: String) -> SimulatorError {
        SimulatorError(.unknownResource, "The account has no resource \(sid); give the SID of one that it has")
    }
}
