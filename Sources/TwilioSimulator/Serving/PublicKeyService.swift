import Support

/// Answers for `/v1/Credentials/PublicKeys` of the accounts API.
struct PublicKeyService {
    /// The account.
    let account: SimulatedAccount

    private static let path = "/v1/Credentials/PublicKeys"
    private static let base = "https://accounts.twilio.com"

    /// Answers a request whose credentials were right; nil when its path is another's.
    func respond(_ request: SimulatedRequest) throws(SimulatorError) -> SimulatedResponse? {
        guard request.path == Self.path || request.path.hasPrefix("\(Self.path)/") else { return nil }
        let rest = request.segments.dropFirst(3)
        switch (request.method, rest.count) {
        case ("GET", 0): return list(request)
        case ("POST", 0): return try create(request)
        case ("GET", 1), ("DELETE", 1), ("POST", 1): return one(request, sid: rest.first ?? "")
        default: return .notFound(request)
        }
    }

    private func one(_ request: SimulatedRequest, sid: String) -> SimulatedResponse {
        let found = account.state.withLock { state in
            let key = state.publicKeys.first { $0.sid == sid }
            if request.method == "DELETE" { state.publicKeys.removeAll { $0.sid == sid } }
            return key
        }
        guard let found, request.method != "POST" else { return .notFound(request) }
        return request.method == "DELETE" ? SimulatedResponse(204) : .json(200, object(found))
    }

    private func create(_ request: SimulatedRequest) throws(SimulatorError) -> SimulatedResponse {
        guard let text = request.form["PublicKey"] else {
            return .invalid("Missing required parameter PublicKey in the post body")
        }
        let name = request.form["FriendlyName"] ?? ""
        guard name.count <= 64 else { return .invalid("FriendlyName must be at most 64 characters") }
        guard let key = try? RecipientKey(pem: Array(text.utf8)) else {
            return .invalid("PublicKey is not an RSA public key in PEM format")
        }
        let created = AccountState.PublicKey(
            sid: "CR" + hexadecimal(try randomBytes(16)), friendlyName: name, created: .now, key: key)
        account.state.withLock { $0.publicKeys.append(created) }
        return .json(201, object(created))
    }

    private func list(_ request: SimulatedRequest) -> SimulatedResponse {
        // An account has a few keys: they are one page.
        let keys = account.state.withLock { $0.publicKeys }
        let page = ListPage(
            items: keys.reversed().map { .rendered(object($0), Position(created: $0.created, sid: $0.sid)) })
        let parameters = ListParameters(request, kind: .composition, behaviour: Behaviour())
        return .page(request, base: Self.base, key: "credentials", parameters: parameters, page: page)
    }

    private func object(_ key: AccountState.PublicKey) -> JSONValue {
        [
            "account_sid": .string(account.sid), "date_created": .string(key.created.iso8601),
            "date_updated": .string(key.created.iso8601), "friendly_name": .string(key.friendlyName),
            "sid": .string(key.sid), "url": .string("\(Self.base)\(Self.path)/\(key.sid)"),
        ]
    }
}
