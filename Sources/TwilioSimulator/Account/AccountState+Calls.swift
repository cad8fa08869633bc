/// The calls that the account's voice recordings are of.
extension AccountState {
    /// Finds a page of calls; each is listed by its beginning.
    ///
    /// - Parameters:
    ///   - calls: shows calls as the API does.
    ///   - recordings: shows the recordings that the calls are of.
    func callPage(_ query: ListQuery, calls: CallRendering, recordings: ResourceRendering) -> ListPage {
        let stored = storedCalls(recordings).values.sorted { $0.position < $1.position }
        var page = ListWalk(query: query, stored: stored, generated: generated, replaced: replaced)
            .page(render: calls.object)
        guard let generated else { return page }
        page.items = page.items.map { item in
            guard case .generated(let number) = item else { return item }
            return .rendered(calls.object(Self.call(of: generated, number)), generated.position(number))
        }
        return page
    }

    /// Gives a call, or nil when there is none with that SID.
    func call(sid: String, recordings: ResourceRendering) -> StoredResource? {
        if let call = storedCalls(recordings)[sid] { return call }
        guard let generated, let number = generated.number(ofSID: sid), !replaced.contains(number) else { return nil }
        return Self.call(of: generated, number)
    }

    /// The calls of all recordings but the generated ones, and those that were set, by SID.
    private func storedCalls(_ recordings: ResourceRendering) -> [String: StoredResource] {
        var calls: [String: StoredResource] = [:]
        for recording in stored where recording.kind == .recording {
            guard let sid = recordings.object(recording)["call_sid"]?.string, isSID(sid, prefix: "CA") else { continue }
            // A call begins with the first of its recordings.
            if let other = calls[sid], other.created < recording.created { continue }
            calls[sid] = StoredResource(
                kind: .recording, sid: sid, name: "call", created: recording.created, status: "completed",
                media: recording.media, fields: [:])
        }
        for (sid, fields) in setCalls {
            let start = fields["start_time"]?.string.flatMap { Instant(text: $0) }
            guard let created = start ?? calls[sid]?.created else { continue }
            var given = fields
            if start != nil { given["start_time"] = .string(created.rfc2822) }
            calls[sid] = StoredResource(
                kind: .recording, sid: sid, name: "call", created: created, status: "completed",
                media: calls[sid]?.media, fields: given)
        }
        return calls
    }

    /// Makes a call of the same time without the recording's media, whose envelope would take most of the time.
    private static func call(of generated: GeneratedRecordings, _ number: Int) -> StoredResource {
        let media = OriginalMedia(
            content: .deleted, size: 0, digests: nil, seconds: GeneratedContent.seconds(number), channels: 1, seal: nil)
        return StoredResource(
            kind: .recording, sid: GeneratedRecordings.sid(number, prefix: "CA"), name: "call",
            created: generated.created(number), status: "completed", media: media, fields: [:])
    }
}
