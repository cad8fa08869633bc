import FoundationEssentials
public import Support

/// A voice recording, video recording or composition as the API describes it.
///
/// Any field of a resource can be null. Only the SID is required; everything else has a meaning when it is missing.
public struct MediaResource: Hashable, Sendable {
    /// Which list it comes from.
    public let kind: MediaKind

    /// Its SID, `RE…`, `RT…` or `CJ…`.
    public let sid: SID

    /// The account that it belongs to, `AC…`; nil when it doesn't tell, or tells something that isn't a SID.
    public let accountSID: SID?

    /// What has become of it.
    public let status: ResourceStatus

    /// The time of creation; nil when it is missing or outside ``Support/Bounds/times``.
    public let dateCreated: Timestamp?

    /// When Twilio last changed it; nil when it doesn't tell, as video doesn't, or tells such a time.
    public let dateUpdated: Timestamp?

    /// The call that was recorded, `CA…`; voice only.
    public let callSID: String?

    /// The video room, `RM…`; video only.
    public let roomSID: String?

    /// The track that was recorded, `MT…`; video recordings only.
    public let sourceSID: String?

    /// The length in whole seconds; nil when it is missing or outside ``Support/Bounds/durations``.
    public let duration: Int64?

    /// Number of audio channels, at least one; voice only.
    public let channels: Int64?

    /// The codec's name; video recordings only.
    public let codec: String?

    /// The container format: `wav`, `mka`, `mkv`, `mp4` or `webm`, the file's extension.
    public let containerFormat: String

    /// The envelope of a voice recording.
    ///
    /// Nil when it isn't encrypted, and for video, whose envelope comes with the media.
    public let encryptionDetails: EncryptionDetails?

    /// The public key that the media was encrypted with, `CR…`, where the resource names one; whether or not video's
    /// really is encrypted, its envelope tells.
    public let publicKeySID: String?

    /// Where Twilio says the media is: of a voice recording its `media_url`, of video its `media_external_location`,
    /// which is there when the media is kept in the customer's own bucket.
    public let mediaLocation: String?

    /// What the resource of video says of its media's size in bytes; nil when it doesn't, and for voice.
    ///
    /// It isn't documented which size that is: before encryption or as it is stored.
    public let toldSize: Int64?

    /// The resource, byte for byte as it was received.
    public let json: [UInt8]

    /// Reads a resource.
    ///
    /// - Parameters:
    ///   - kind: the list that it comes from.
    ///   - json: one JSON object, exactly.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` when it isn't an object with a SID of
    ///   this kind.
    public init(kind: MediaKind, json: [UInt8]) throws(TwilioError) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(json))
        } catch {
            throw TwilioError(
                .malformedAnswer, "a resource among the \(kind.pluralName) can't be read: \(ForeignText("\(error)"))",
                cause: error)
        }
        guard fields.sid.letters == kind.sidLetters else {
            throw TwilioError(
                .malformedAnswer, "\(fields.sid) stands among the \(kind.pluralName), where it doesn't belong")
        }
        self.kind = kind
        self.json = json
        sid = fields.sid
        accountSID = fields.accountSID.flatMap { SID($0) }.flatMap { $0.prefix == "AC" ? $0 : nil }
        status = ResourceStatus(told: fields.status)
        dateCreated = (fields.dateCreated ?? fields.startTime).flatMap { Timestamp($0)?.bounded }
        dateUpdated = fields.dateUpdated.flatMap { Timestamp($0)?.bounded }
        callSID = fields.callSID
        roomSID = fields.roomSID ?? fields.groupingRoomSID
        sourceSID = fields.sourceSID
        duration = fields.duration
        channels = fields.channels
        codec = fields.codec
        containerFormat = Self.containerFormat(
            of: kind, told: fields.containerFormat, type: fields.type)
        switch kind.envelopePlace {
        case .resource:
            (encryptionDetails, publicKeySID) = (fields.encryptionDetails, fields.encryptionDetails?.publicKeySID)
        case .media: (encryptionDetails, publicKeySID) = (nil, fields.encryptionKey)
        }
        switch kind.traits.service {
        case .api2010: (mediaLocation, toldSize) = (fields.mediaURL, nil)
        case .video: (mediaLocation, toldSize) = (fields.externalLocation, fields.size)
        }
    }

    /// Reads the rest of a resource of which a list has told the most important.
    public init(_ listed: ListedResource) throws(TwilioError) {
        try self.init(kind: listed.kind, json: Array(listed.json))
    }

    /// Whether another version of the resource says the same of the media: where it is, how it is encrypted, how long
    /// it is.
    public func describesMedia(like other: MediaResource) -> Bool {
        encryptionDetails == other.encryptionDetails && publicKeySID == other.publicKeySID
            && mediaLocation == other.mediaLocation && channels == other.channels && toldSize == other.toldSize
    }

    /// What it belongs to: the call that was recorded, `CA…`, or the video room, `RM…`.
    ///
    /// Nil when it doesn't tell, or tells something that isn't such a SID.
    public var groupSID: SID? {
        let told =
            switch kind.group {
            case .call: callSID
            case .room: roomSID
            }
        guard let told, let sid = SID(told), sid.letters == kind.groupLetters else { return nil }
        return sid
    }

    /// The extension of the file's name.
    ///
    /// Whatever the API may send, only words of these lists become part of a file name.
    ///
    /// - Parameters:
    ///   - told: the format that the resource tells.
    ///   - type: `audio` or `video`, of a track.
    static func containerFormat(of kind: MediaKind, told: String?, type: String?) -> String {
        let formats = kind.formats
        if let told = told?.lowercased(), formats.contains(told) { return told }
        return (type == "audio" ? kind.traits.audioFormat : nil) ?? formats[0]
    }
}

/// The fields of all three kinds of resources that have a meaning here.
private struct Fields: Decodable {
    let sid: SID
    let accountSID: String?
    let dateUpdated: String?
    let status, dateCreated, startTime, callSID, roomSID, groupingRoomSID, sourceSID, codec, containerFormat: String?
    let type, mediaURL, externalLocation, encryptionKey: String?
    let duration, channels, size: Int64?
    let encryptionDetails: EncryptionDetails?

    private enum Key: String, CodingKey {
        case sid, status, codec, format, type, duration, channels, size
        case accountSID = "account_sid"
        case dateCreated = "date_created"
        case dateUpdated = "date_updated"
        case startTime = "start_time"
        case callSID = "call_sid"
        case roomSID = "room_sid"
        case groupingSIDs = "grouping_sids"
        case sourceSID = "source_sid"
        case containerFormat = "container_format"
        case mediaURL = "media_url"
        case mediaExternalLocation = "media_external_location"
        case encryptionDetails = "encryption_details"
        case encryptionKey = "encryption_key"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        sid = try container.decode(SID.self, forKey: .sid)
        accountSID = container.lenientString(.accountSID)
        status = container.lenientString(.status)
        dateCreated = container.lenientString(.dateCreated)
        dateUpdated = container.lenientString(.dateUpdated)
        startTime = container.lenientString(.startTime)
        callSID = container.shownString(.callSID)
        roomSID = container.shownString(.roomSID)
        groupingRoomSID = (try? container.nestedContainer(keyedBy: Key.self, forKey: .groupingSIDs))
            .flatMap { $0.shownString(.roomSID) }
        sourceSID = container.shownString(.sourceSID)
        codec = container.shownString(.codec)
        containerFormat = container.lenientString(.containerFormat) ?? container.lenientString(.format)
        type = container.lenientString(.type)
        mediaURL = container.lenientString(.mediaURL)
        externalLocation = container.lenientString(.mediaExternalLocation)
        encryptionKey = container.shownString(.encryptionKey)
        duration = container.lenientInteger(.duration).flatMap(Bounds.durations.accepting)
        channels = container.lenientInteger(.channels).flatMap(Bounds.channels.accepting)
        size = container.lenientInteger(.size).flatMap(Bounds.sizes.accepting)
        let isNull = (try? container.decodeNil(forKey: .encryptionDetails)) ?? true
        if isNull || (try? container.decode(String.self, forKey: .encryptionDetails)) == "" {
            encryptionDetails = nil
        } else {
            encryptionDetails =
                (try? container.decode(EncryptionDetails.self, forKey: .encryptionDetails)) ?? .unreadable
        }
    }
}
