import Threading

/// Answers for the 2010 API: `/2010-04-01/Accounts/…`.
struct VoiceService {
    /// The account.
    let account: SimulatedAccount
    /// The behaviour at the time of the request.
    let behaviour: Behaviour

    /// Answers a request whose credentials were right.
    func respond(_ request: SimulatedRequest) throws(SimulatorError) -> SimulatedResponse {
        let segments = Array(request.segments.dropFirst(2))
        guard let first = segments.first else { return notFound(request) }
        if segments.count == 1 {
            return first == "\(account.credentials.accountSID).json" && request.isRead
                ? .json(200, accountResource) : notFound(request)
        }
        guard first == account.credentials.accountSID else { return notFound(request) }
        switch segments.dropFirst().map({ $0 }) {
        case ["Recordings.json"] where request.isRead: return try list(request)
        case let names where names.count == 2 && names[0] == "Recordings": return try one(request, name: names[1])
        default: return notFound(request)
        }
    }

    private func one(_ request: SimulatedRequest, name: String) throws(SimulatorError) -> SimulatedResponse {
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        guard let sid = parts.first, let resource = account.state.withLock({ $0.resources.resource(sid: sid) }),
            resource.kind == .recording
        else { return notFound(request) }
        let format = parts.count > 1 ? parts[1] : "wav"
        switch (request.method, format) {
        case ("GET", "json"), ("HEAD", "json"):
            let rendering = ResourceRendering(accountSID: account.credentials.accountSID, behaviour: behaviour)
            return .json(200, rendering.object(resource))
        case ("DELETE", _):
            guard resource.status != "deleted" else { return notFound(request) }
            try account.delete(sid: sid, withMetadata: false)
            return SimulatedResponse(204)
        case ("GET", "wav"), ("HEAD", "wav"): return try media(request, resource: resource)
        default: return notFound(request)
        }
    }

    private func media(
        _ request: SimulatedRequest, resource: StoredResource
    ) throws(SimulatorError) -> SimulatedResponse {
        if request.method == "HEAD", !behaviour.voiceHeadSupported {
            return .twilioError(405, 20004, "Method not allowed", format: behaviour.errorFormat)
        }
        let earlier = account.state.withLock { state in
            let count = state.resources.mediaRequests[resource.sid] ?? 0
            state.resources.mediaRequests[resource.sid] = count + 1
            return count
        }
        guard let media = resource.media, resource.hasContent, resource.status == "completed",
            earlier >= behaviour.voiceNotFoundCount
        else { return notFound(request) }
        let service = MediaService(account: account, behaviour: behaviour)
        guard let status = Int(behaviour.voiceRedirect.rawValue) else {
            return try service.voice(request, resource: resource, media: media)
        }
        return SimulatedResponse(status, [("Location", try service.address(of: resource, lifetime: 600))])
    }

    private func list(_ request: SimulatedRequest) throws(SimulatorError) -> SimulatedResponse {
        var parameters = ListParameters(request, kind: .recording, behaviour: behaviour)
        parameters.query.includesDeleted = false
        for (name, value) in request.query {
            switch name {
            case "DateCreated": parameters.limit(to: Instant(text: value), wholeDays: true, from: true, through: true)
            case "DateCreated<": parameters.limit(to: Instant(text: value), wholeDays: true, through: true)
            case "DateCreated>": parameters.limit(to: Instant(text: value), wholeDays: true, from: true)
            case "CallSid": parameters.query.filters.append(("call_sid", [value]))
            case "ConferenceSid": parameters.query.filters.append(("conference_sid", [value]))
            case "IncludeSoftDeleted": parameters.query.includesDeleted = value.lowercased() == "true"
            default: break
            }
        }
        if let problem = parameters.problem {
            return .twilioError(400, 20001, problem, format: behaviour.errorFormat)
        }
        let query = parameters.query
        let rendering = ResourceRendering(accountSID: account.credentials.accountSID, behaviour: behaviour)
        // A copy, so that the page is made without the lock.
        let resources = account.state.withLock { $0.resources }
        let page = resources.page(query, render: rendering.object)
        let path = "/2010-04-01/Accounts/\(account.credentials.accountSID)/Recordings.json"
        let start = parameters.pageNumber * query.limit
        let members: [String: JSONValue] = [
            "end": .integer(start + max(0, page.items.count - 1)),
            "first_page_uri": .string("\(path)?\(parameters.firstPageQuery)"),
            "next_page_uri": JSONValue(parameters.nextPageQuery(page).map { "\(path)?\($0)" }),
            "page": .integer(parameters.pageNumber),
            "page_size": .integer(query.limit),
            "previous_page_uri": .null,
            "start": .integer(start),
            "uri": .string(request.rawQuery.isEmpty ? path : "\(path)?\(request.rawQuery)"),
        ]
        return .json(200, text: page.body("recordings", members: members))
    }

    private var accountResource: JSONValue {
        let sid = account.credentials.accountSID
        return [
            "auth_token": .string(account.credentials.authToken), "date_created": "Thu, 01 Jan 2015 00:00:00 +0000",
            "date_updated": "Thu, 01 Jan 2015 00:00:00 +0000", "friendly_name": "Simulated account",
            "owner_account_sid": .string(sid), "sid": .string(sid), "status": "active",
            "subresource_uris": ["recordings": .string("/2010-04-01/Accounts/\(sid)/Recordings.json")],
            "type": "Full", "uri": .string("/2010-04-01/Accounts/\(sid).json"),
        ]
    }

    private func notFound(_ request: SimulatedRequest) -> SimulatedResponse {
        .twilioError(
            404, 20404, "The requested resource \(request.path) was not found", format: behaviour.errorFormat)
    }
}
