import Threading

/// Is the account, its behaviour and its log, for the threads that serve it.
///
/// There is one lock, held for moments and never while something is sealed, read or sent.
final class SimulatedAccount: Sendable {
    /// All that changes while the simulator runs.
    struct State: Sendable {
        var resources: AccountState
        var behaviour: Behaviour
        var faults = FaultTable()
        var log = RequestLog()
        /// The API requests in progress.
        var inProgress = 0
    }

    /// The account's name and keys.
    let credentials: SimulatedCredentials
    /// The sealed files.
    let store: MediaStore
    /// Signs addresses of the media host.
    let presigned: PresignedAddress
    /// The SID of the key for which media is sealed by default; nil when the account has none.
    let defaultPublicKeySID: String?
    /// The state; see the type about what may happen under the lock.
    let state: Locked<State>

    init(
        credentials: SimulatedCredentials, store: MediaStore, presigned: PresignedAddress,
        defaultPublicKeySID: String?, state: State
    ) {
        self.credentials = credentials
        self.store = store
        self.presigned = presigned
        self.defaultPublicKeySID = defaultPublicKeySID
        self.state = Locked(state)
    }

    /// Adds the resource of a file, or one without media.
    ///
    /// - Returns: its SID.
    func add(
        _ kind: MediaKind, file: String?, fields: [String: JSONValue], sealed: Bool
    ) throws(SimulatorError) -> String {
        let resource: StoredResource
        if let file {
            resource = try MediaFolder.resource(kind, file: file, sealed: sealed, fields: fields) {
                sid throws(SimulatorError) in
                try self.makeSecrets(sid)
            }
        } else {
            let name = "resource-\(hexadecimal(try randomBytes(8))).\(kind.fileExtensions[0])"
            resource = try StoredResource.make(kind, name: name, fields: fields, file: nil, seal: nil)
        }
        state.withLock { $0.resources.put(resource) }
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
            guard var resource = state.resources.resource(sid: sid) else { return false }
            resource.created = moment ?? resource.created
            resource.status = fields["status"]?.string ?? resource.status
            for (name, value) in fields where !["sid", "status", "date_created"].contains(name) || value == .null {
                resource.fields[name] = value
            }
            state.resources.put(resource)
            return true
        }
        guard found else { throw .unknownResource(sid) }
    }

    /// Deletes a resource as the APIs do: its media goes and its status becomes `deleted`.
    ///
    /// - Parameter withMetadata: whether nothing of it remains, as after the time for which Twilio keeps metadata.
    func delete(sid: String, withMetadata: Bool) throws(SimulatorError) {
        let found = state.withLock { state in
            guard var resource = state.resources.resource(sid: sid) else { return false }
            if withMetadata {
                state.resources.remove(sid: sid)
            } else {
                resource.status = "deleted"
                resource.media = resource.media?.withoutContent
                state.resources.put(resource)
            }
            return true
        }
        guard found else { throw .unknownResource(sid) }
    }

    /// Makes content secrets for the public key with a SID, or the default key.
    func makeSecrets(_ publicKeySID: String?) throws(SimulatorError) -> SealSecrets {
        guard let sid = publicKeySID ?? defaultPublicKeySID else {
            throw SimulatorError(.input, "There is no public key to seal media for; give one")
        }
        guard let key = state.withLock({ $0.resources.publicKeys.first { $0.sid == sid }?.key }) else {
            throw SimulatorError(.input, "There is no public key \(sid) to seal media for; give its file")
        }
        return try SealSecrets(publicKeySID: sid, key: key)
    }
}

extension SimulatorError {
    static func unknownResource(_ sid: String) -> SimulatorError {
        SimulatorError(.unknownResource, "The account has no resource \(sid); give the SID of one that it has")
    }
}
