import Support

/// Answers for `/_simulator/…`, by which a test in another process looks into the simulator and changes it.
///
/// No credentials are asked for: the simulator only listens on the loopback interface.
struct ControlService {
    /// The accounts, and what all of them have in common.
    let simulation: Simulation

    /// Answers a request; `account` in its query names the account that is meant, the main one without it.
    func respond(_ request: SimulatedRequest) throws(SimulatorError) -> SimulatedResponse {
        switch (request.method, request.segments.dropFirst().joined(separator: "/")) {
        case ("GET", "requests"):
            return .json(200, try JSONValue(encoding: simulation.state.withLock { $0.log.requests }))
        case ("DELETE", "requests"):
            simulation.state.withLock { $0.log.clear() }
            return SimulatedResponse(204)
        case ("GET", "behaviour"):
            return .json(200, try JSONValue(encoding: simulation.state.withLock { $0.behaviour }))
        case ("PATCH", "behaviour"):
            let changes = try JSONValue(text: request.body, subject: "The change of behaviour")
            let behaviour = try simulation.state.withLock { $0.behaviour }.merging(changes)
            simulation.state.withLock { $0.behaviour = behaviour }
            return .json(200, try JSONValue(encoding: behaviour))
        case ("GET", "faults"):
            return .json(200, try JSONValue(encoding: simulation.state.withLock { $0.faults.rules }))
        case ("POST", "faults"):
            let value = try JSONValue(text: request.body, subject: "The list of faults")
            let rules = try (value.array == nil ? .array([value]) : value).decode(
                [FaultRule].self, subject: "The list of faults")
            simulation.state.withLock { $0.faults.add(rules) }
            return .json(201, value)
        case ("DELETE", "faults"):
            simulation.state.withLock { $0.faults.removeAll() }
            return SimulatedResponse(204)
        case ("GET", "tokens"):
            return .json(200, simulation.state.withLock { $0.tokens.counts(now: .now) })
        case ("DELETE", "tokens"):
            simulation.state.withLock { $0.tokens.endAll() }
            return SimulatedResponse(204)
        case ("PATCH", "credentials"):
            try replaceSecrets(request)
            return SimulatedResponse(204)
        case ("GET", "keys"):
            return .json(200, try JSONValue(encoding: simulation.state.withLock { $0.keys.keys }))
        case ("POST", "keys"):
            return .json(201, try JSONValue(encoding: try put(keys: request.body)))
        case ("DELETE", "keys"):
            simulation.state.withLock { $0.keys = KeyTable() }
            return SimulatedResponse(204)
        case ("POST", "resources"):
            return .json(200, ["sid": .string(try change(request))])
        case ("POST", "calls"):
            let call = try JSONValue(text: request.body, subject: "The change of a call").decode(
                CallChange.self, subject: "The change of a call")
            try account(request).setCall(sid: call.sid, fields: call.fields)
            return .json(200, ["sid": .string(call.sid)])
        case ("GET", "manifest"):
            return .json(200, try JSONValue(encoding: account(request).manifest))
        default:
            return .notFound(request)
        }
    }

    /// Is the body of `POST /_simulator/calls`.
    private struct CallChange: Decodable {
        /// The call.
        let sid: String
        /// The members to override.
        let fields: [String: JSONValue]
    }

    /// Is the body of `POST /_simulator/resources`.
    private struct Change: Decodable {
        enum Action: String, Decodable {
            case add, update, delete, remove
        }

        /// What is to be done; `remove` leaves no metadata.
        let action: Action
        /// The resource, for all but `add`.
        let sid: String?
        /// The kind, for `add`.
        let kind: MediaKind?
        /// The path of the media, for `add`; without it the resource has none.
        let path: String?
        /// Whether the media is sealed, for `add`; it is when this is left out.
        let encrypted: Bool?
        /// The members to override, for `add` and `update`.
        let fields: [String: JSONValue]?
    }

    /// Is the body of `PATCH /_simulator/credentials`; what is left out stays as it is.
    private struct Secrets: Decodable {
        let authToken: String?
        let apiSecret: String?
        /// Of the OAuth client, which belongs to no account in particular.
        let clientSecret: String?
    }

    private func replaceSecrets(_ request: SimulatedRequest) throws(SimulatorError) {
        let subject = "The change of credentials"
        let secrets = try JSONValue(text: request.body, subject: subject).decode(Secrets.self, subject: subject)
        try account(request).replaceSecrets(authToken: secrets.authToken, apiSecret: secrets.apiSecret)
        if let secret = secrets.clientSecret { simulation.state.withLock { $0.clientSecret = secret } }
    }

    /// Adds restricted keys, each in place of one with the same SID.
    private func put(keys body: [UInt8]) throws(SimulatorError) -> [SimulatedKey] {
        let value = try JSONValue(text: body, subject: "The list of keys")
        let keys = try (value.array == nil ? .array([value]) : value).decode(
            [SimulatedKey].self, subject: "The list of keys")
        for key in keys { try key.check() }
        simulation.state.withLock { state in
            for key in keys { state.keys.put(key) }
        }
        return keys
    }

    private func account(_ request: SimulatedRequest) throws(SimulatorError) -> SimulatedAccount {
        try simulation.account(named: request.query.first { $0.name == "account" }?.value)
    }

    private func change(_ request: SimulatedRequest) throws(SimulatorError) -> String {
        let change = try JSONValue(text: request.body, subject: "The change of a resource").decode(
            Change.self, subject: "The change of a resource")
        let account = try account(request)
        if change.action == .add {
            guard let kind = change.kind else {
                throw SimulatorError(.input, "The resource to add has no kind; give one")
            }
            return try account.add(
                kind, file: change.path, fields: change.fields ?? [:], sealed: change.encrypted ?? true)
        }
        guard let sid = change.sid else {
            throw SimulatorError(.input, "The resource to change has no sid; give one")
        }
        switch change.action {
        case .update: try account.update(sid: sid, fields: change.fields ?? [:])
        case .add, .delete, .remove: try account.delete(sid: sid, withMetadata: change.action == .remove)
        }
        return sid
    }
}
