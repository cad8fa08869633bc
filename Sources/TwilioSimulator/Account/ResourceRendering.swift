/// Shows resources as the APIs do.
struct ResourceRendering {
    /// The account's SID.
    let accountSID: String
    /// The behaviour at the time of the request.
    let behaviour: Behaviour

    /// Gives a resource's JSON object.
    func object(_ resource: StoredResource) -> JSONValue {
        var members =
            switch resource.kind {
            case .recording: voice(resource)
            case .videoRecording: videoRecording(resource)
            case .composition: composition(resource)
            }
        members.merge(resource.fields) { $1 }
        for name in behaviour.nullFields where members[name] != nil { members[name] = .null }
        return .object(members)
    }

    private func voice(_ resource: StoredResource) -> [String: JSONValue] {
        let base = "/2010-04-01/Accounts/\(accountSID)/Recordings/\(resource.sid)"
        let finished = resource.status == "completed" || resource.status == "deleted"
        let created = resource.created
        let mediaURL: JSONValue =
            switch behaviour.mediaAddress {
            case _ where behaviour.bucket != nil: bucketAddress(resource)
            case .https: .string("https://api.twilio.com\(base)")
            case .http: .string("http://api.twilio.com\(base)")
            case .absent: .null
            }
        return [
            "account_sid": .string(accountSID),
            "api_version": "2010-04-01",
            "call_sid": .string(related("CA", resource)),
            "channels": .integer(resource.media?.channels ?? 1),
            "conference_sid": .null,
            "date_created": .string(created.rfc2822),
            "date_updated": .string(Self.updated(created, seconds: resource.media?.seconds ?? 0).rfc2822),
            "duration": finished ? .string(String(resource.media?.seconds ?? 0)) : "-1",
            "encryption_details": encryptionDetails(resource.media?.seal),
            "error_code": .null,
            "media_url": mediaURL,
            "price": finished ? "-0.00250" : .null,
            "price_unit": "USD",
            "sid": .string(resource.sid),
            "source": "RecordVerb",
            "start_time": .string(created.rfc2822),
            "status": .string(resource.status),
            "subresource_uris": [
                "add_on_results": .string("\(base)/AddOnResults.json"),
                "transcriptions": .string("\(base)/Transcriptions.json"),
            ],
            "track": "both",
            "uri": .string("\(base).json"),
        ]
    }

    /// Gives the moment at which a voice recording was last changed: a little after it had ended.
    static func updated(_ created: Instant, seconds: Int) -> Instant {
        created.advanced(by: seconds + 2)
    }

    private func encryptionDetails(_ seal: SealSecrets?) -> JSONValue {
        guard let seal else { return .null }
        let key = JSONValue.string(seal.publicKeySID)
        let wrapped = JSONValue.string(base64(seal.wrappedKey(.oaepSHA256)))
        let iv = JSONValue.string(base64(seal.gcmIV))
        let details: JSONValue =
            switch behaviour.encryptionSpelling {
            case .documentation: ["type": "rsa-aes", "public_key_sid": key, "encrypted_cek": wrapped, "iv": iv]
            case .sample: ["type": "rsa-aes", "encryption_public_key_sid": key, "encryption_cek": wrapped, "iv": iv]
            case .openAPI: ["encryption_public_key_sid": key, "encryption_cek": wrapped, "encryption_iv": iv]
            }
        return switch behaviour.encryptionForm {
        case .object: details
        case .string: .string(String(decoding: details.text, as: UTF8.self))
        }
    }

    /// The address of media in the customer's bucket; null without one.
    private func bucketAddress(_ resource: StoredResource) -> JSONValue {
        guard let bucket = behaviour.bucket, resource.hasContent else { return .null }
        return .string(bucket + resource.mediaPath(account: accountSID))
    }

    private func videoRecording(_ resource: StoredResource) -> [String: JSONValue] {
        let isVideo = resource.name.hasSuffix(".mkv")
        return video(resource, path: "Recordings").merging(
            [
                "codec": isVideo ? "VP8" : "OPUS",
                "container_format": isVideo ? "mkv" : "mka",
                "grouping_sids": [
                    "participant_sid": .string(related("PA", resource)), "room_sid": .string(related("RM", resource)),
                ],
                "offset": .integer(resource.created.seconds * 1000),
                "source_sid": .string(related("MT", resource)),
                "track_name": isVideo ? "camera" : "microphone",
                "type": isVideo ? "video" : "audio",
            ]
        ) { $1 }
    }

    private func composition(_ resource: StoredResource) -> [String: JSONValue] {
        let finished = resource.status == "completed"
        return video(resource, path: "Compositions").merging(
            [
                "audio_sources": ["*"],
                "audio_sources_excluded": [],
                "bitrate": 0,
                "date_completed": finished ? .string(resource.created.advanced(by: 60).iso8601) : .null,
                "date_deleted": resource.status == "deleted" ? .string(resource.created.iso8601) : .null,
                "format": resource.name.hasSuffix(".webm") ? "webm" : "mp4",
                "resolution": "1280x720",
                "room_sid": .string(related("RM", resource)),
                "status_callback_method": "POST",
                "trim": true,
                "video_layout": ["grid": ["video_sources": ["*"]]],
            ]
        ) { $1 }
    }

    private func video(_ resource: StoredResource, path: String) -> [String: JSONValue] {
        let url = "https://video.twilio.com/v1/\(path)/\(resource.sid)"
        return [
            "account_sid": .string(accountSID),
            "date_created": .string(resource.created.iso8601),
            "duration": .integer(resource.media?.seconds ?? 0),
            "encryption_key": JSONValue(resource.media?.seal?.publicKeySID),
            "links": ["media": .string("\(url)/Media")],
            "media_external_location": bucketAddress(resource),
            "sid": .string(resource.sid),
            "size": .integer(videoSize(resource.media)),
            "status": .string(resource.status),
            "status_callback": .null,
            "url": .string(url),
        ]
    }

    private func videoSize(_ media: OriginalMedia?) -> Int {
        guard let media else { return 0 }
        guard media.seal != nil, behaviour.videoSize == .ciphertext else { return media.size }
        return behaviour.videoCipher.ciphertextSize(of: media.size)
    }

    /// Makes up the SID of something that the resource belongs to; each resource has its own.
    private func related(_ prefix: String, _ resource: StoredResource) -> String {
        prefix + resource.sid.dropFirst(2)
    }
}

extension Behaviour {
    /// The cipher of sealed video media.
    var videoCipher: ContentCipherKind {
        metadataVersion == .two && contentAlgorithm == .gcm ? .gcm : .cbc
    }
}
