import NIOCore
import NIOHTTP1
import Support

/// Answers for media: the media host, and voice media on the API host.
struct MediaService {
    /// The account.
    let account: SimulatedAccount
    /// The behaviour at the time of the request.
    let behaviour: Behaviour

    /// Answers a request to the media host, as S3 does.
    func respond(_ request: SimulatedRequest) throws(SimulatorError) -> SimulatedResponse {
        if request.headers.contains(name: "Authorization") {
            return .storageError(
                400, "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
                    + "parameter or the Authorization header should be specified")
        }
        switch try account.presigned.refusal(of: request, now: .now) {
        case .signature:
            return .storageError(
                403, "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                    + "Check your key and signing method.")
        case .expired:
            return .storageError(403, "AccessDenied", "Request has expired")
        case nil: break
        }
        let sid = request.segments.last?.split(separator: ".").first.map(String.init) ?? ""
        guard let resource = account.state.withLock({ $0.resource(sid: sid) }), let media = resource.media,
            resource.status == "completed", resource.hasContent
        else { return .storageError(404, "NoSuchKey", "The specified key does not exist.") }
        let cipher = cipher(of: resource)
        var headers = storedHeaders(of: resource, media: media)
        headers.append(("Server", "AmazonS3"))
        return try body(
            request, resource: resource, media: media, cipher: cipher, headers: headers,
            honoursRange: behaviour.mediaRange == .honoured, chunked: behaviour.mediaLength == .chunked)
    }

    /// Answers with voice media on the API host.
    func voice(
        _ request: SimulatedRequest, resource: StoredResource, media: OriginalMedia
    ) throws(SimulatorError) -> SimulatedResponse {
        let requested = request.query.first { $0.name == "RequestedChannels" }?.value
        if requested == "2", media.channels != 2 {
            return .twilioError(
                400, 16113, "Requested channels not available for this recording", format: behaviour.errorFormat)
        }
        // Conferences are mixed down unless both channels are asked for, without a word of it.
        let isMixed = requested == "1" || requested == nil && resource.fields["conference_sid"]?.string != nil
        return try body(
            request, resource: resource, media: media, cipher: .gcm,
            headers: [("Content-Type", media.seal == nil ? resource.contentType : "application/octet-stream")],
            honoursRange: behaviour.voiceRange == .honoured, chunked: behaviour.voiceLength == .chunked,
            isMixed: isMixed && media.channels == 2 && media.seal == nil)
    }

    /// Makes a presigned address for a resource's media.
    func address(of resource: StoredResource, lifetime: Int) throws(SimulatorError) -> String {
        var presigned = account.presigned
        if let origin = behaviour.mediaOrigin { presigned.base = origin }
        return try presigned.sign(
            path: path(of: resource), lifetime: behaviour.urlLifetimeSeconds ?? lifetime, now: .now)
    }

    /// Gives the path of a resource's media on the media host.
    func path(of resource: StoredResource) -> String {
        resource.mediaPath(account: account.sid)
    }

    /// Gives the cipher that seals a resource's media.
    func cipher(of resource: StoredResource) -> ContentCipherKind {
        resource.kind == .recording ? .gcm : behaviour.videoCipher
    }

    /// Gives the headers that are stored with media.
    func storedHeaders(of resource: StoredResource, media: OriginalMedia) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        if resource.kind != .recording, behaviour.sendsEnvelope, let seal = media.seal {
            headers = envelopeHeaders(seal, media: media, cipher: cipher(of: resource))
        }
        headers.append(("Content-Type", media.seal == nil ? resource.contentType : "application/octet-stream"))
        return headers
    }

    private func body(
        _ request: SimulatedRequest, resource: StoredResource, media: OriginalMedia, cipher: ContentCipherKind,
        headers: [(name: String, value: String)], honoursRange: Bool, chunked: Bool,
        isMixed: Bool = false
    ) throws(SimulatorError) -> SimulatedResponse {
        var object = try account.store.object(of: resource, media: media, cipher: cipher)
        var tag = try entityTag(resource, media: media, cipher: cipher)
        if isMixed {
            let stored = try object.read(at: 0, count: object.size)
            if let mixed = WaveMixing.mono(Array(stored.readableBytesView)) {
                object = .bytes(ByteBuffer(bytes: mixed))
                tag = "\"mono-\(tag.dropFirst())"
            }
        }
        if let expected = request.headers.first(name: "If-Match"), behaviour.sendsETag, expected != tag,
            expected != "*"
        {
            return .storageError(
                412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        }
        var wanted = RequestedRange.whole
        // A validator that doesn't fit turns the request into one for the whole (RFC 9110, section 13.1.5).
        if honoursRange, request.headers.first(name: "If-Range").map({ $0 == tag }) ?? true {
            wanted = RequestedRange(header: request.headers.first(name: "Range"), size: object.size)
        }
        var response = SimulatedResponse(200, headers)
        response.body = object
        response.chunked = chunked
        response.range = 0..<object.size
        switch wanted {
        case .whole: break
        case .part(let range):
            response.status = 206
            response.range = range
            response.headers.append(
                ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(object.size)"))
        case .unsatisfiable:
            response = .storageError(416, "InvalidRange", "The requested range is not satisfiable")
            response.headers.append(("Content-Range", "bytes */\(object.size)"))
            return response
        }
        if honoursRange { response.headers.append(("Accept-Ranges", "bytes")) }
        if behaviour.sendsETag { response.headers.append(("ETag", tag)) }
        response.headers.append(("Last-Modified", resource.created.httpDate))
        return response
    }

    /// Makes the tag of what is stored: the same as long as the same bytes are.
    func entityTag(
        _ resource: StoredResource, media: OriginalMedia, cipher: ContentCipherKind
    ) throws(SimulatorError) -> String {
        let content = Array(resource.sid.utf8) + (media.digests?.sha256 ?? []) + (media.seal?.iv(cipher) ?? [])
        return "\"\(hexadecimal(try Digest.of(content, .md5)))\""
    }

    private func envelopeHeaders(
        _ seal: SealSecrets, media: OriginalMedia, cipher: ContentCipherKind
    ) -> [(name: String, value: String)] {
        let prefix = "x-amz-meta-x-amz-"
        var headers = [
            (name: "\(prefix)iv", value: base64(seal.iv(cipher))), (name: "\(prefix)matdesc", value: "{}"),
        ]
        switch behaviour.metadataVersion {
        case .one:
            headers.append(("\(prefix)key", base64(seal.wrappedKey(.pkcs1))))
        case .two:
            let wrapping: RecipientKey.Wrapping = behaviour.wrapAlgorithm == .oaepSHA256 ? .oaepSHA256 : .oaepSHA1
            headers.append(("\(prefix)key-v2", base64(seal.wrappedKey(wrapping))))
            headers.append(("\(prefix)wrap-alg", behaviour.wrapAlgorithm.rawValue))
            headers.append(("\(prefix)cek-alg", behaviour.contentAlgorithm.rawValue))
            if cipher == .gcm { headers.append(("\(prefix)tag-len", "128")) }
        }
        if behaviour.sendsUnencryptedLength {
            headers.append(("\(prefix)unencrypted-content-length", String(media.size)))
        }
        if behaviour.sendsUnencryptedMD5, let md5 = media.digests?.md5 {
            headers.append(("\(prefix)unencrypted-content-md5", base64(md5)))
        }
        return headers
    }
}

extension StoredResource {
    /// The path of the media of an account's resource in a bucket.
    func mediaPath(account: String) -> String { "/\(account)/\(sid).\(fileExtension)" }

    /// The extension of the media's name.
    var fileExtension: String {
        kind.fileExtensions.first { name.hasSuffix(".\($0)") } ?? kind.fileExtensions[0]
    }

    /// The type of the media when it isn't sealed.
    var contentType: String {
        switch fileExtension {
        case "wav": "audio/x-wav"
        case "mka": "audio/x-matroska"
        case "mkv": "video/x-matroska"
        case "webm": "video/webm"
        default: "video/mp4"
        }
    }

    /// Whether there are bytes to serve.
    var hasContent: Bool {
        guard let media else { return false }
        if case .deleted = media.content { return false }
        return true
    }
}
