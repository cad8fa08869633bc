import FoundationEssentials
public import Support

/// A voice recording, video recording or composition as the API describes it.
///
/// Any field of a resource can be null; only the SID is required.
public struct MediaResource: Hashable, Sendable {
    /// The kind of the list.
    public let kind: MediaKind
    /// Its SID, `RE…`, `RT…` or `CJ…`.
    public let sid: SID
    /// Its account, `AC…`; nil when missing or not a SID.
    public let accountSID: SID?
    /// Its status.
    public let status: ResourceStatus
    /// The time of creation; nil when missing or outside of ``Support/Bounds/times``.
    public let dateCreated: Timestamp?
    /// The time of Twilio's last change; nil likewise, and always for video.
    public let dateUpdated: Timestamp?
    /// The recorded call, `CA…`; voice only.
    public let callSID: String?
    /// The video room, `RM…`; video only.
    public let roomSID: String?
    /// The recorded conference, `CF…`; voice only.
    public let conferenceSID: String?
    /// The recorded participant, `PA…`; video recordings only.
    public let participantSID: String?
    /// The name of the recorded track; video recordings only.
    public let trackName: String?
    /// How the recording was started, `RecordVerb` for instance; voice only.
    public let source: String?
    /// The time at which the recording started, if the resource tells it apart from its creation.
    public let startTime: Timestamp?
    /// The recorded track, `MT…`; video recordings only.
    public let sourceSID: String?
    /// The length in whole seconds; nil when missing or outside of ``Support/Bounds/durations``.
    public let duration: Int64?
    /// The number of audio channels, at least one; voice only.
    public let channels: Int64?
    /// The codec's name; video recordings only.
    public let codec: String?
    /// The container format and file extension: `wav`, `mka`, `mkv`, `mp4` or `webm`.
    public let containerFormat: String
    /// The envelope of an encrypted voice recording; nil for video, whose envelope comes with the media.
    public let encryptionDetails: EncryptionDetails?
    /// The public key that the resource names, `CR…`; for video it doesn't imply that the media is encrypted.
    public let publicKeySID: String?
    /// The address of the media: for voice `media_url`, for video in the customer's bucket `media_external_location`.
    public let mediaLocation: String?
    /// The media's size in bytes in a video resource; Twilio doesn't document whether it is that before encryption.
    public let toldSize: Int64?
    /// The resource, byte for byte as received.
    public let json: [UInt8]

    /// Reads a resource, one JSON object.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` unless it is an object with a SID of
    ///   this kind.
    public init(kind: MediaKind, json: [UInt8]) throws(TwilioError) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(json))
        } catch {
            throw TwilioError(
                .malformedAnswer, "a resource among the \(kind.pluralName) can't be read: \(ForeignText("\(error)"))")
        }
        guard fields.sid.letters == kind.sidLetters else {
            throw TwilioError(
                .malformedAnswer, "\(fields.sid) stands among the \(kind.pluralName), where it doesn't belong")
        }
        self.kind = kind
        self.json = json
        sid = fields.sid
        accountSID = fields.accountSID.flatMap { SID($0, letters: .account) }
        status = ResourceStatus(told: fields.status)
        dateCreated = (fields.dateCreated ?? fields.startTime).flatMap { Timestamp($0)?.bounded }
        dateUpdated = fields.dateUpdated.flatMap { Timestamp($0)?.bounded }
        callSID = fields.callSID
        roomSID = fields.roomSID ?? fields.groupingRoomSID
        conferenceSID = kind.traits.service == .api2010 ? fields.conferenceSID : nil
        participantSID = fields.participantSID
        trackName = fields.trackName
        source = fields.source
        startTime = fields.startTime.flatMap { Timestamp($0)?.bounded }
        sourceSID = fields.sourceSID
        duration = fields.duration
        channels = fields.channels
        codec = fields.codec
        containerFormat = Self.containerFormat(of: kind, told: fields.containerFormat, type: fields.type)
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

    /// Reads the remaining properties of a listed resource.
    public init(_ listed: ListedResource) throws(TwilioError) {
        try self.init(kind: listed.kind, json: Array(listed.json))
    }

    /// Whether another version of the resource describes the same media: its address, encryption, channels and size.
    public func describesMedia(like other: MediaResource) -> Bool {
        encryptionDetails == other.encryptionDetails && publicKeySID == other.publicKeySID
            && mediaLocation == other.mediaLocation && channels == other.channels && toldSize == other.toldSize
    }

    /// The recorded call, `CA…`, or the video room, `RM…`; nil when missing or not such a SID.
    public var groupSID: SID? {
        let told =
            switch kind.group {
            case .call: callSID
            case .room: roomSID
            }
        return told.flatMap { SID($0, letters: kind.groupLetters) }
    }

    /// The extension of the file's name, one of the kind's formats whatever the API sends.
    ///
    /// - Parameters:
    ///   - told: The format in the resource.
    ///   - type: The type of a track: `audio` or `video`.
    static func containerFormat(of kind: MediaKind, told: String?, type: String?) -> String {
        let formats = kind.formats
        if let told = told?.lowercased(), formats.contains(told) { return told }
        return (type == "audio" ? kind.traits.audioFormat : nil) ?? formats[0]
    }
}

/// The fields of all kinds of resources.
private struct Fields: Decodable {
    let sid: SID
    let accountSID, status, dateCreated, dateUpdated, startTime, callSID, roomSID, groupingRoomSID: String?
    let conferenceSID, participantSID, trackName, source: String?
    let sourceSID, codec, containerFormat, type, mediaURL, externalLocation, encryptionKey: String?
    let duration, channels, size: Int64?
    let encryptionDetails: EncryptionDetails?

    private enum Key: String, CodingKey {
        case sid, status, codec, format, type, duration, channels, size, source
        case accountSID = "account_sid"
        case dateCreated = "date_created"
        case dateUpdated = "date_updated"
        case startTime = "start_time"
        case callSID = "call_sid"
        case roomSID = "room_sid"
        case groupingSIDs = "grouping_sids"
        case conferenceSID = "conference_sid"
        case participantSID = "participant_sid"
        case trackName = "track_name"
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
        let grouping = try? container.nestedContainer(keyedBy: Key.self, forKey: .groupingSIDs)
        groupingRoomSID = grouping.flatMap { $0.shownString(.roomSID) }
        conferenceSID = container.shownString(.conferenceSID)
        participantSID = container.shownString(.participantSID) ?? grouping.flatMap { $0.shownString(.participantSID) }
        trackName = container.shownString(.trackName)
        source = container.shownString(.source)
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
