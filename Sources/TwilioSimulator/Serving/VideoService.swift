import Support

/// Answers for the video API: `/v1/Recordings…`, `/v1/Compositions…` and their settings.
struct VideoService {
    /// The account.
    let account: SimulatedAccount
    /// The behaviour at the time of the request.
    let behaviour: Behaviour

    private static let publicBase = "https://video.twilio.com"

    /// Answers a request whose credentials were right; nil when its path isn't the video API's.
    func respond(_ request: SimulatedRequest) throws(SimulatorError) -> SimulatedResponse? {
        let segments = request.segments
        guard segments.count >= 2, segments[0] == "v1" else { return nil }
        switch segments[1] {
        case "Recordings": return try resources(request, kind: .videoRecording, rest: Array(segments.dropFirst(2)))
        case "Compositions": return try resources(request, kind: .composition, rest: Array(segments.dropFirst(2)))
        case "RecordingSettings", "CompositionSettings":
            return segments.count == 3 && segments[2] == "Default"
                ? settings(request, name: segments[1]) : .notFound(request)
        default: return nil
        }
    }

    private func resources(
        _ request: SimulatedRequest, kind: MediaKind, rest: [String]
    ) throws(SimulatorError) -> SimulatedResponse {
        guard let sid = rest.first else { return request.isRead ? list(request, kind: kind) : .notFound(request) }
        guard let resource = account.state.withLock({ $0.resource(sid: sid) }), resource.kind == kind else {
            return .notFound(request)
        }
        switch (request.method, Array(rest.dropFirst())) {
        case ("GET", []), ("HEAD", []):
            let rendering = ResourceRendering(accountSID: account.sid, behaviour: behaviour)
            return .json(200, rendering.object(resource))
        case ("DELETE", []):
            guard resource.status != "deleted" else { return .notFound(request) }
            try account.delete(sid: sid, withMetadata: false)
            return SimulatedResponse(204)
        case ("GET", ["Media"]), ("HEAD", ["Media"]): return try media(request, resource: resource)
        default: return .notFound(request)
        }
    }

    private func media(
        _ request: SimulatedRequest, resource: StoredResource
    ) throws(SimulatorError) -> SimulatedResponse {
        var lifetime = 600
        if let text = request.query.first(where: { $0.name == "Ttl" })?.value {
            guard let seconds = Int(text), (1...3600).contains(seconds) else {
                return .invalid("Ttl must be a number of seconds from 1 to 3600")
            }
            lifetime = seconds
        }
        guard resource.hasContent, resource.status == "completed", behaviour.bucket == nil else {
            return .notFound(request)
        }
        let address = try MediaService(account: account, behaviour: behaviour).address(of: resource, lifetime: lifetime)
        var response = SimulatedResponse.json(302, ["redirect_to": .string(address)])
        response.headers.append(("Location", address))
        return response
    }

    private func list(_ request: SimulatedRequest, kind: MediaKind) -> SimulatedResponse {
        var parameters = ListParameters(request, kind: kind, behaviour: behaviour)
        var groups: [String] = []
        for (name, value) in request.query {
            switch (name, kind) {
            case ("Status", _): parameters.query.filters.append(("status", [value]))
            case ("DateCreatedAfter", _): parameters.limit(after: value)
            case ("DateCreatedBefore", _): parameters.limit(before: value)
            case ("SourceSid", .videoRecording): parameters.query.filters.append(("source_sid", [value]))
            case ("MediaType", .videoRecording): parameters.query.filters.append(("type", [value]))
            case ("GroupingSid", .videoRecording): groups.append(value)
            case ("RoomSid", .composition): parameters.query.filters.append(("room_sid", [value]))
            default: break
            }
        }
        if !groups.isEmpty {
            parameters.query.filters.append(("grouping_sids.room_sid,grouping_sids.participant_sid", groups))
        }
        if let problem = parameters.problem { return .invalid(problem) }
        let rendering = ResourceRendering(accountSID: account.sid, behaviour: behaviour)
        let page = account.state.withLock { $0 }.page(parameters.query, render: rendering.object)
        let key = kind == .composition ? "compositions" : "recordings"
        return .page(request, base: Self.publicBase, key: key, parameters: parameters, page: page)
    }

    private func settings(_ request: SimulatedRequest, name: String) -> SimulatedResponse {
        let url = "\(Self.publicBase)/v1/\(name)/Default"
        let unset: [String: JSONValue] = [
            "account_sid": .string(account.sid), "aws_credentials_sid": nil, "aws_s3_url": nil,
            "aws_storage_enabled": false, "encryption_enabled": false, "encryption_key_sid": nil,
            "friendly_name": nil, "url": .string(url),
        ]
        switch request.method {
        case "GET", "HEAD":
            return .json(200, .object(account.state.withLock { $0.settings[name] } ?? unset))
        case "POST":
            let form = request.form
            guard let friendlyName = form["FriendlyName"] else {
                return .invalid("Missing required parameter FriendlyName in the post body")
            }
            if let sid = form["EncryptionKeySid"], !sid.isEmpty,
                !account.state.withLock({ $0.publicKeys.contains { $0.sid == sid } })
            {
                return .invalid("EncryptionKeySid \(sid) is not a public key of this account")
            }
            // What a request leaves out is unset: whoever means to keep it has to send it again.
            var settings = unset
            settings["friendly_name"] = .string(friendlyName)
            settings["aws_credentials_sid"] = JSONValue(form["AwsCredentialsSid"])
            settings["aws_s3_url"] = JSONValue(form["AwsS3Url"])
            settings["encryption_key_sid"] = JSONValue(form["EncryptionKeySid"])
            settings["aws_storage_enabled"] = .boolean(form["AwsStorageEnabled"]?.lowercased() == "true")
            settings["encryption_enabled"] = .boolean(form["EncryptionEnabled"]?.lowercased() == "true")
            let result = settings
            account.state.withLock { $0.settings[name] = result }
            return .json(201, .object(result))
        default: return .notFound(request)
        }
    }
}
