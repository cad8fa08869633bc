import Support

/// Answers for the calls of an account: `/2010-04-01/Accounts/AC…/Calls.json` and `…/Calls/CA….json`.
struct CallService {
    /// The account that the path names.
    let account: SimulatedAccount
    /// The behaviour at the time of the request.
    let behaviour: Behaviour

    /// Answers a request whose credentials were right; nil when its path is another's.
    func respond(_ request: SimulatedRequest) -> SimulatedResponse? {
        let segments = Array(request.segments.dropFirst(3))
        if segments == ["Calls.json"], request.isRead { return list(request) }
        guard segments.count == 2, segments[0] == "Calls" else { return nil }
        let state = account.state.withLock { $0 }
        guard request.isRead, segments[1].hasSuffix(".json"),
            let call = state.call(sid: String(segments[1].dropLast(5)), recordings: recordings)
        else { return .notFound(request, format: behaviour.errorFormat) }
        return .json(200, calls.object(call))
    }

    private var calls: CallRendering { CallRendering(accountSID: account.sid, behaviour: behaviour) }

    private var recordings: ResourceRendering { ResourceRendering(accountSID: account.sid, behaviour: behaviour) }

    private func list(_ request: SimulatedRequest) -> SimulatedResponse {
        var parameters = ListParameters(request, kind: .recording, behaviour: behaviour)
        for (name, value) in request.query {
            switch name {
            case "StartTime": parameters.limit(toDayOf: value)
            case "StartTime<": parameters.limit(throughDayOf: value)
            case "StartTime>": parameters.limit(fromDayOf: value)
            case "From": parameters.query.filters.append(("from", [value]))
            case "To": parameters.query.filters.append(("to", [value]))
            case "Status": parameters.query.filters.append(("status", [value]))
            default: break
            }
        }
        if let problem = parameters.problem { return .invalid(problem, format: behaviour.errorFormat) }
        // A copy, so that the page is made without the lock.
        let state = account.state.withLock { $0 }
        let page = state.callPage(parameters.query, calls: calls, recordings: recordings)
        return .page2010(request, key: "calls", parameters: parameters, page: page)
    }
}
