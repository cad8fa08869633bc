/// What a catalog needs of a resource in a list.
///
/// Each property means what it means in a ``MediaResource``, which has all the others; that takes many times as long to
/// read, so it is made for a recording in which somebody is interested.
public struct ListedResource: Hashable, Sendable {
    /// Which list it comes from.
    public let kind: MediaKind

    /// Its SID, `RE…`, `RT…` or `CJ…`.
    public let sid: SID

    /// What has become of it.
    public let status: ResourceStatus

    /// When it was made; nil when it doesn't tell, or tells a time that can't be.
    public let dateCreated: Timestamp?

    /// When Twilio last changed it; nil when it doesn't tell, as video doesn't.
    public let dateUpdated: Timestamp?

    /// The container format: `wav`, `mka`, `mkv`, `mp4` or `webm`, the file's extension.
    public let containerFormat: String

    /// What it belongs to: the call that was recorded, `CA…`, or the video room, `RM…`.
    ///
    /// Nil when it doesn't tell, or tells something that isn't such a SID.
    public let groupSID: SID?

    /// Whether it is a voice recording with details of its encryption, and so sealed with a tag.
    ///
    /// Of video only the media tells.
    public let isAuthenticated: Bool

    /// What has to be held for the media to be read, besides the account's credentials.
    public let requirement: MediaRequirement?

    /// The resource, byte for byte as it was received; a slice of the page, all of which it keeps in memory.
    public let json: ArraySlice<UInt8>

    /// Reads a resource.
    ///
    /// - Parameters:
    ///   - kind: the list that it comes from.
    ///   - json: one JSON object, exactly.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` when it isn't an object with a SID of
    ///   this kind.
    public init(kind: MediaKind, json: [UInt8]) throws(TwilioError) {
        var scanner = JSONScanner(json, subject: "a resource among the \(kind.pluralName)")
        scanner.skipSpace()
        let form = ResourceForm(kind)
        let fields = try ListedFields(form, from: &scanner)
        try scanner.finish()
        self = try fields.resource(form, in: json, at: 0..<json.count)
    }

    /// Reads a resource at a scanner's position, and leaves it behind.
    init(_ form: ResourceForm, from scanner: inout JSONScanner) throws(TwilioError) {
        let start = scanner.position
        let fields = try ListedFields(form, from: &scanner)
        self = try fields.resource(form, in: scanner.text, at: start..<scanner.position)
    }

    /// Takes over what another reader has found.
    fileprivate init(_ resource: MediaResource, json: ArraySlice<UInt8>) {
        kind = resource.kind
        sid = resource.sid
        status = resource.status
        dateCreated = resource.dateCreated
        dateUpdated = resource.dateUpdated
        containerFormat = resource.containerFormat
        groupSID = resource.groupSID
        isAuthenticated = resource.encryptionDetails != nil
        requirement = resource.requirement
        self.json = json
    }

    fileprivate init(
        kind: MediaKind, sid: SID, status: ResourceStatus, dateCreated: Timestamp?, dateUpdated: Timestamp?,
        containerFormat: String, groupSID: SID?, isAuthenticated: Bool, requirement: MediaRequirement?,
        json: ArraySlice<UInt8>
    ) {
        self.kind = kind
        self.sid = sid
        self.status = status
        self.dateCreated = dateCreated
        self.dateUpdated = dateUpdated
        self.containerFormat = containerFormat
        self.groupSID = groupSID
        self.isAuthenticated = isAuthenticated
        self.requirement = requirement
        self.json = json
    }
}

/// Where the fields of a resource stand that a catalog needs.
private struct ListedFields {
    /// A field of which the first occurrence counts, as with `JSONDecoder`.
    private enum Field {
        case absent
        case null
        case text(Range<Int>)

        /// It has escapes, isn't ASCII or isn't a string.
        ///
        /// That is rare, and can mean many things: ``MediaResource`` knows them.
        case odd

        /// The text, unless there is none or it is empty.
        var text: Range<Int>? {
            if case .text(let range) = self, !range.isEmpty { range } else { nil }
        }

        var isOdd: Bool {
            if case .odd = self { true } else { false }
        }

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
    private var containerFormat = Field.absent
    private var format = Field.absent
    private var type = Field.absent

    /// The room within `grouping_sids`.
    private var groupingRoom = Field.absent
    private var hasGroupingSIDs = false

    /// Whether there are details of encryption; nil until the field was met.
    private var isAuthenticated: Bool?

    /// The public key: of voice within the details, of video a field of its own.
    private var publicKeySID = Field.absent

    /// Where the media is, if the resource says so.
    private var location = Field.absent

    /// Whether a name was met that has escapes or isn't ASCII, so that it may be one of those that matter.
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

    /// Reads the value of a member, if it has a meaning for resources of this kind.
    private mutating func readMember(
        _ name: JSONScanner.Text, _ form: ResourceForm, from scanner: inout JSONScanner
    ) throws(TwilioError) {
        let isVideo = form.isVideo
        // By the length first: most names are told apart by it.
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

    /// Details that make no sense count as well: the media is encrypted then, and can't be opened.
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
            // A text that holds an object is for another reader.
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
            || publicKeySID.isOdd || location.isOdd
    }

    /// What the fields say.
    ///
    /// - Parameters:
    ///   - text: what the fields' places are in.
    ///   - range: the place of the resource.
    func resource(
        _ form: ResourceForm, in text: [UInt8], at range: Range<Int>
    ) throws(TwilioError) -> ListedResource {
        guard !isOdd, let sidText = sid.text, let sid = SID(text, in: sidText), sid.letters == form.sidLetters else {
            // Also what has no SID of this kind: for the message.
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
            isAuthenticated: isAuthenticated ?? false,
            requirement: MediaRequirement(
                location: string(location), publicKeySID: string(publicKeySID), isEncrypted: isAuthenticated ?? false),
            json: text[range])
    }
}
