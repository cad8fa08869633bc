/// The properties of a listed resource that the catalog needs.
///
/// They mean the same as in ``MediaResource``, whose other properties take many times as long to read: a
/// ``MediaResource`` is made only when a recording is used.
public struct ListedResource: Hashable, Sendable {
    /// The kind of the list.
    public let kind: MediaKind
    /// Its SID, `RE…`, `RT…` or `CJ…`.
    public let sid: SID
    /// Its status.
    public let status: ResourceStatus
    /// The time of creation; nil when missing or impossible.
    public let dateCreated: Timestamp?
    /// The time of Twilio's last change; nil when missing, as always for video.
    public let dateUpdated: Timestamp?
    /// The container format and file extension: `wav`, `mka`, `mkv`, `mp4` or `webm`.
    public let containerFormat: String
    /// The recorded call, `CA…`, or the video room, `RM…`; nil when missing or not such a SID.
    public let groupSID: SID?
    /// The recorded conference, `CF…`; nil when missing or not such a SID, and for video.
    public let conferenceSID: SID?
    /// Whether a voice recording has encryption details, and so a tag; false for video, whose media has the envelope.
    public let isAuthenticated: Bool
    /// The key or access needed to read the media, besides the account's credentials.
    public let requirement: MediaRequirement?
    /// The resource as received; a slice that keeps the whole page in memory.
    public let json: ArraySlice<UInt8>
}

extension ListedResource {
    /// Reads a resource, one JSON object.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` unless it is an object with a SID of
    ///   this kind.
    public init(kind: MediaKind, json: [UInt8]) throws(TwilioError) {
        var scanner = JSONScanner(json, subject: "a resource among the \(kind.pluralName)")
        scanner.skipSpace()
        let form = ResourceForm(kind)
        let fields = try ListedFields(form, from: &scanner)
        try scanner.finish()
        self = try fields.resource(form, in: json, at: 0..<json.count)
    }

    /// Reads the resource at a scanner's position and skips it.
    init(_ form: ResourceForm, from scanner: inout JSONScanner) throws(TwilioError) {
        let start = scanner.position
        let fields = try ListedFields(form, from: &scanner)
        self = try fields.resource(form, in: scanner.text, at: start..<scanner.position)
    }

    /// Copies the properties of a fully read resource.
    fileprivate init(_ resource: MediaResource, json: ArraySlice<UInt8>) {
        self.init(
            kind: resource.kind, sid: resource.sid, status: resource.status, dateCreated: resource.dateCreated,
            dateUpdated: resource.dateUpdated, containerFormat: resource.containerFormat, groupSID: resource.groupSID,
            conferenceSID: resource.conferenceSID.flatMap { SID($0, letters: .conference) },
            isAuthenticated: resource.encryptionDetails != nil, requirement: resource.requirement, json: json)
    }
}

/// The places of a resource's fields.
private struct ListedFields {
    /// The place of a field; of several fields with one name the first counts, as in `JSONDecoder`.
    private enum Field {
        case absent
        case null
        case text(Range<Int>)
        /// A text with escapes or beyond ASCII, or no text at all: rare, and left to ``MediaResource``.
        case odd

        /// The text, unless absent or empty.
        var text: Range<Int>? { if case .text(let range) = self, !range.isEmpty { range } else { nil } }

        var isOdd: Bool { if case .odd = self { true } else { false } }

        /// Reads the value at a scanner's position.
        mutating func read(from scanner: inout JSONScanner) throws(TwilioError) {
            let value = try scanner.value()
            guard case .absent = self else { return }
            switch value {
            case .null: self = .null
            case .text(let text) where text.isPlain: self = .text(text.range)
            case .text, .other: self = .odd
            }
        }
    }

    private var sid = Field.absent
    private var status = Field.absent
    private var dateCreated = Field.absent
    private var dateUpdated = Field.absent
    private var startTime = Field.absent
    private var groupSID = Field.absent
    private var conferenceSID = Field.absent
    private var containerFormat = Field.absent
    private var format = Field.absent
    private var type = Field.absent

    /// The room within `grouping_sids`.
    private var groupingRoom = Field.absent
    private var hasGroupingSIDs = false
    /// Whether there are encryption details; nil until the field is read.
    private var isAuthenticated: Bool?
    /// The public key: for voice within the details, for video a field of its own.
    private var publicKeySID = Field.absent
    /// The address of the media.
    private var location = Field.absent
    /// Whether a member's name has escapes or isn't ASCII: it may be the name of one of these fields.
    private var hasOddName = false

    /// Reads an object.
    init(_ form: ResourceForm, from scanner: inout JSONScanner) throws(TwilioError) {
        var member = try scanner.enterObject()
        while let name = member {
            if name.isPlain {
                try readMember(name, form, from: &scanner)
            } else {
                hasOddName = true
                try scanner.value()
            }
            member = try scanner.nextMember()
        }
    }

    /// Reads the value of a member that is meaningful for this kind; skips others.
    private mutating func readMember(
        _ name: JSONScanner.Text, _ form: ResourceForm, from scanner: inout JSONScanner
    ) throws(TwilioError) {
        let isVideo = form.isVideo
        // The length comes first: it distinguishes most names.
        switch name.range.count {
        case 3 where scanner.isEqual(name, "sid"): try sid.read(from: &scanner)
        case 4 where form.isTrack && scanner.isEqual(name, "type"): try type.read(from: &scanner)
        case 6 where scanner.isEqual(name, "status"): try status.read(from: &scanner)
        case 6 where isVideo && scanner.isEqual(name, "format"): try format.read(from: &scanner)
        case 8 where scanner.isEqual(name, form.group == .call ? "call_sid" : "room_sid"):
            try groupSID.read(from: &scanner)
        case 9 where !isVideo && scanner.isEqual(name, "media_url"): try location.read(from: &scanner)
        case 10 where scanner.isEqual(name, "start_time"): try startTime.read(from: &scanner)
        case 12 where scanner.isEqual(name, "date_created"): try dateCreated.read(from: &scanner)
        case 12 where scanner.isEqual(name, "date_updated"): try dateUpdated.read(from: &scanner)
        case 13 where isVideo && scanner.isEqual(name, "grouping_sids"): try readGroupingSIDs(from: &scanner)
        case 14 where !isVideo && scanner.isEqual(name, "conference_sid"): try conferenceSID.read(from: &scanner)
        case 14 where form.envelopePlace == .media && scanner.isEqual(name, "encryption_key"):
            try publicKeySID.read(from: &scanner)
        case 16 where isVideo && scanner.isEqual(name, "container_format"):
            try containerFormat.read(from: &scanner)
        case 18 where form.envelopePlace == .resource && scanner.isEqual(name, "encryption_details"):
            try readEncryption(from: &scanner)
        case 23 where isVideo && scanner.isEqual(name, "media_external_location"): try location.read(from: &scanner)
        default: try scanner.value()
        }
    }

    private mutating func readGroupingSIDs(from scanner: inout JSONScanner) throws(TwilioError) {
        guard scanner.isAtObject, !hasGroupingSIDs else {
            hasGroupingSIDs = true
            try scanner.value()
            return
        }
        hasGroupingSIDs = true
        var member = try scanner.enterObject()
        while let name = member {
            if !name.isPlain { hasOddName = true }
            if scanner.isEqual(name, "room_sid") {
                try groupingRoom.read(from: &scanner)
            } else {
                try scanner.value()
            }
            member = try scanner.nextMember()
        }
    }

    /// Reads encryption details; malformed ones count too, since the media is encrypted and can't be opened.
    private mutating func readEncryption(from scanner: inout JSONScanner) throws(TwilioError) {
        guard !scanner.isAtObject else {
            if isAuthenticated == nil {
                isAuthenticated = true
                try readEncryptionObject(from: &scanner)
            } else {
                try scanner.value()
            }
            return
        }
        let isThere =
            switch try scanner.value() {
            case .null: false
            case .text(let text): !text.range.isEmpty
            case .other: true
            }
        if isAuthenticated == nil {
            isAuthenticated = isThere
            // A string that contains an object is left to `MediaResource`.
            if isThere { publicKeySID = .odd }
        }
    }

    private mutating func readEncryptionObject(from scanner: inout JSONScanner) throws(TwilioError) {
        var member = try scanner.enterObject()
        while let name = member {
            if !name.isPlain { hasOddName = true }
            if scanner.isEqual(name, "public_key_sid") || scanner.isEqual(name, "encryption_public_key_sid") {
                try publicKeySID.read(from: &scanner)
            } else {
                try scanner.value()
            }
            member = try scanner.nextMember()
        }
    }

    private var isOdd: Bool {
        hasOddName || sid.isOdd || status.isOdd || dateCreated.isOdd || dateUpdated.isOdd || startTime.isOdd
            || groupSID.isOdd || containerFormat.isOdd || format.isOdd || type.isOdd || groupingRoom.isOdd
            || publicKeySID.isOdd || location.isOdd || conferenceSID.isOdd
    }

    /// Makes the resource at `range` in `text` from the fields.
    func resource(
        _ form: ResourceForm, in text: [UInt8], at range: Range<Int>
    ) throws(TwilioError) -> ListedResource {
        guard !isOdd, let sidText = sid.text, let sid = SID(text, in: sidText), sid.letters == form.sidLetters else {
            // This also makes the error of a resource without a SID of this kind.
            return ListedResource(try MediaResource(kind: form.kind, json: Array(text[range])), json: text[range])
        }
        func string(_ field: Field) -> String? {
            field.text.map { String(decoding: text[$0], as: UTF8.self) }
        }
        return ListedResource(
            kind: form.kind, sid: sid, status: ResourceStatus(told: string(status)),
            dateCreated: (dateCreated.text ?? startTime.text).flatMap { Timestamp(text, in: $0)?.bounded },
            dateUpdated: dateUpdated.text.flatMap { Timestamp(text, in: $0)?.bounded },
            containerFormat: MediaResource.containerFormat(
                of: form.kind, told: string(containerFormat) ?? string(format), type: string(type)),
            groupSID: (groupSID.text ?? groupingRoom.text).flatMap { SID(text, in: $0) }
                .flatMap { $0.letters == form.groupLetters ? $0 : nil },
            conferenceSID: conferenceSID.text.flatMap { SID(text, in: $0) }
                .flatMap { $0.letters == .conference ? $0 : nil },
            isAuthenticated: isAuthenticated ?? false,
            requirement: MediaRequirement(
                location: string(location), publicKeySID: string(publicKeySID), isEncrypted: isAuthenticated ?? false),
            json: text[range])
    }
}
