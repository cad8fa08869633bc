import Support

/// Answers for the accounts themselves: `/2010-04-01/Accounts.json` and `/2010-04-01/Accounts/AC….json`.
struct AccountService {
    /// All accounts.
    let simulation: Simulation
    /// The account whose credentials the request had.
    let caller: SimulatedAccount
    /// The behaviour at the time of the request.
    let behaviour: Behaviour

    /// Answers a request whose credentials were right; nil when its path is another's.
    func respond(_ request: SimulatedRequest) -> SimulatedResponse? {
        let segments = request.segments
        if segments == ["2010-04-01", "Accounts.json"] {
            return request.isRead ? list(request) : .notFound(request, format: behaviour.errorFormat)
        }
        guard segments.count == 3, segments[1] == "Accounts", segments[2].hasSuffix(".json") else { return nil }
        guard let account = visible.first(where: { "\($0.sid).json" == segments[2] }) else {
            return .notFound(request, format: behaviour.errorFormat)
        }
        return switch request.method {
        case "GET", "HEAD": .json(200, object(account))
        case "POST": update(request, account)
        default: .notFound(request, format: behaviour.errorFormat)
        }
    }

    /// The accounts of which the caller may know.
    private var visible: [SimulatedAccount] { caller.isMain ? simulation.accounts : [caller] }

    private func list(_ request: SimulatedRequest) -> SimulatedResponse {
        let parameters = ListParameters(request, kind: .recording, behaviour: behaviour)
        if let problem = parameters.problem { return .invalid(problem, format: behaviour.errorFormat) }
        let query = parameters.query
        var accounts = visible.sorted { query.order.lists($0.position, before: $1.position) }
        for (name, value) in request.query {
            switch name {
            case "Status": accounts.removeAll { $0.status.rawValue != value }
            case "FriendlyName": accounts.removeAll { $0.friendlyName != value }
            default: break
            }
        }
        if let after = query.after { accounts.removeAll { !query.order.lists(after, before: $0.position) } }
        accounts.removeFirst(min(query.skipped, accounts.count))
        let page = ListPage(
            items: accounts.prefix(query.limit).map { .rendered(object($0), $0.position) },
            hasMore: accounts.count > query.limit)
        return .page2010(request, key: "accounts", parameters: parameters, page: page)
    }

    /// Changes a subaccount's status, as its owner may.
    private func update(_ request: SimulatedRequest, _ account: SimulatedAccount) -> SimulatedResponse {
        guard caller.isMain, !account.isMain else {
            return .invalid("Only a subaccount's status can be changed, by its owner", format: behaviour.errorFormat)
        }
        guard let status = request.form["Status"].flatMap(AccountStatus.init) else {
            return .invalid("Status must be active, suspended or closed", format: behaviour.errorFormat)
        }
        guard account.status != .closed else {
            return .invalid("Account \(account.sid) is closed for good", format: behaviour.errorFormat)
        }
        account.status = status
        return .json(200, object(account))
    }

    private func object(_ account: SimulatedAccount) -> JSONValue {
        let base = "/2010-04-01/Accounts/\(account.sid)"
        let created = JSONValue.string(account.created.rfc2822)
        let names = [
            "available_phone_numbers": "AvailablePhoneNumbers", "calls": "Calls", "conferences": "Conferences",
            "incoming_phone_numbers": "IncomingPhoneNumbers", "messages": "Messages", "recordings": "Recordings",
            "transcriptions": "Transcriptions",
        ]
        return [
            "auth_token": .string(account.authToken), "date_created": created, "date_updated": created,
            "friendly_name": .string(account.friendlyName), "owner_account_sid": .string(account.owner),
            "sid": .string(account.sid), "status": .string(account.status.rawValue),
            "subresource_uris": .object(names.mapValues { .string("\(base)/\($0).json") }), "type": "Full",
            "uri": .string("\(base).json"),
        ]
    }
}

extension SimulatedAccount {
    /// Its place in the list of accounts.
    fileprivate var position: Position { Position(created: created, sid: sid) }
}
