public import Support

/// A call in the list of calls: who called whom.
public struct CallDescription: Hashable, Sendable {
    /// Its SID, `CA…`.
    public let sid: SID
    /// The caller.
    public let from: CallParty
    /// The party that was called.
    public let to: CallParty
    /// Twilio's word for the direction, `inbound` or `outbound-api` for instance; nil when missing or no word.
    public let direction: String?
    /// The time at which the call began, or was created if it hasn't begun; nil when missing or impossible.
    public let startTime: Timestamp?

    /// Makes a description from its parts.
    public init(sid: SID, from: CallParty, to: CallParty, direction: String?, startTime: Timestamp?) {
        self.sid = sid
        self.from = from
        self.to = to
        self.direction = direction
        self.startTime = startTime
    }

    private enum Field: String {
        case sid, from, to, direction
        case startTime = "start_time"
        case dateCreated = "date_created"
    }

    /// Reads the call at a scanner's position.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` unless it is an object with the SID of
    ///   a call.
    init(from scanner: inout JSONScanner) throws(TwilioError) {
        var fields: [Field: String] = [:]
        var member = try scanner.enterObject()
        while let token = member {
            let name = try scanner.name(token)
            if case .text(let text) = try scanner.value(), let field = Field(rawValue: name), fields[field] == nil {
                fields[field] = scanner.string(text)
            }
            member = try scanner.nextMember()
        }
        guard let sid = fields[.sid].flatMap({ SID($0, letters: .call) }) else {
            throw TwilioError(.malformedAnswer, "a call has no SID of a call")
        }
        let times = [fields[.startTime], fields[.dateCreated]].lazy.compactMap { $0.flatMap { Timestamp($0)?.bounded } }
        self.init(
            sid: sid, from: CallParty(fields[.from] ?? ""), to: CallParty(fields[.to] ?? ""),
            direction: fields[.direction].flatMap(Self.direction(told:)), startTime: times.first)
    }

    /// Reads a call that was requested alone.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer``.
    init(body: [UInt8]) throws(TwilioError) {
        var scanner = JSONScanner(body, subject: "a call")
        scanner.skipSpace()
        try self.init(from: &scanner)
        try scanner.finish()
    }

    /// Twilio's word for a direction; nil for any other text.
    public static func direction(told text: String) -> String? {
        let isWord = (1...32).contains(text.utf8.count) && text.utf8.allSatisfy { $0.isSmallLetter || $0 == 0x2D }
        return isWord ? text : nil
    }
}

/// One side of a call.
public enum CallParty: Hashable, Sendable {
    /// A telephone number in international form.
    case number(PhoneNumber)
    /// Anything else: a client or SIP address, the word for a withheld number, or an empty text.
    case other(ForeignText)

    /// Reads Twilio's text.
    public init(_ text: String) { self = PhoneNumber(text).map { .number($0) } ?? .other(ForeignText(text)) }

    /// The telephone number; nil for any other party.
    public var number: PhoneNumber? { if case .number(let number) = self { number } else { nil } }

    /// The words that Twilio gives to callers who withhold their numbers.
    private static let withheldWords: Set<String> = [
        "", "anonymous", "restricted", "blocked", "unknown", "unavailable", "private",
    ]

    /// Whether it is a caller who withholds the number: an empty text, a word, or the word's number.
    public var isWithheld: Bool {
        number == nil && (Self.withheldWords.contains(text.lowercased()) || PhoneNumber.isPlaceholder(text))
    }

    /// Twilio's text, cleaned and truncated.
    public var text: String {
        switch self {
        case .number(let number): number.description
        case .other(let text): text.description
        }
    }
}

/// One page of the list of calls.
public struct CallPage: Sendable {
    /// The calls, in the order of the list.
    public let calls: [CallDescription]
    /// The link to the next page; nil at the end.
    public let next: String?

    /// Reads a page.
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer``.
    init(body: [UInt8]) throws(TwilioError) {
        let list = try ListPage(body, key: "calls", subject: "a page of the calls") { scanner throws(TwilioError) in
            try CallDescription(from: &scanner)
        }
        calls = list.elements
        next = list.next
    }
}
