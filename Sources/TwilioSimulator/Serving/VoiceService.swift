import Support

/// Answers for what an account has in the 2010 API: `/2010-04-01/Accounts/AC…/…`.
struct VoiceService {
    /// The account that the path names.
    let account: SimulatedAccount
    /// The behaviour at the time of the request.
    let behaviour: Behaviour

    /// Answers a request whose credentials were right.
    func respond(_ request: SimulatedRequest) throws(SimulatorError) -> SimulatedResponse {
        let segments = Array(request.segments.dropFirst(3))
        if let response = CallService(account: account, behaviour: behaviour).respond(request) { return response }
        if segments == ["Recordings.json"], request.isRead { return list(request) }
        guard segments.count == 2, segments[0] == "Recordings" else { return notFound(request) }
        return try one(request, name: segments[1])
    }

    private func one(_ request: SimulatedRequest, name: String) throws(SimulatorError) -> SimulatedResponse {
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        guard let sid = parts.first, let resource = account.state.withLock({ $0.resource(sid: sid) }),
            resource.kind == .recording
        else { return notFound(request) }
        let format = parts.count > 1 ? parts[1] : "wav"
        switch (request.method, format) {
        case ("GET", "json"), ("HEAD", "json"):
            let rendering = ResourceRendering(accountSID: account.sid, behaviour: behaviour)
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
            let count = state.mediaRequests[resource.sid] ?? 0
            state.mediaRequests[resource.sid] = count + 1
            return count
        }
        guard let media = resource.media, resource.hasContent, resource.status == "completed",
            earlier >= behaviour.voiceNotFoundCount, behaviour.bucket == nil
        else { return notFound(request) }
        let service = MediaService(account: account, behaviour: behaviour)
        guard let status = Int(behaviour.voiceRedirect.rawValue) else {
            return try service.voice(request, resource: resource, media: media)
        }
        return SimulatedResponse(status, [("Location", try service.address(of: resource, lifetime: 600))])
    }

    private func list(_ request: SimulatedRequest) -> SimulatedResponse {
        var parameters = ListParameters(request, kind: .recording, behaviour: behaviour)
        parameters.query.includesDeleted = false
        for (name, value) in request.query {
            switch name {
            case "DateCreated": parameters.limit(toDayOf: value)
            case "DateCreated<": parameters.limit(throughDayOf: value)
            case "DateCreated>": parameters.limit(fromDayOf: value)
            case "CallSid": parameters.query.filters.append(("call_sid", [value]))
            case "ConferenceSid": parameters.query.filters.append(("conference_sid", [value]))
            case "IncludeSoftDeleted": parameters.query.includesDeleted = value.lowercased() == "true"
            default: break
            }
        }
        if let problem = parameters.problem {
            return .invalid(problem, format: behaviour.errorFormat)
        }
        let rendering = ResourceRendering(accountSID: account.sid, behaviour: behaviour)
        // A copy, so that the page is made without the lock.
        let resources = account.state.withLock { $0 }
        let page = resources.page(parameters.query, render: rendering.object)
        return .page2010(request, key: "recordings", parameters: parameters, page: page)
    }

    private func notFound(_ request: SimulatedRequest) -> SimulatedResponse {
        .notFound(request, format: behaviour.errorFormat)
    }
}
