/// Says which requests go wrong, and how.
public struct FaultRule: Sendable, Hashable, Codable {
    /// The host that a request is for; nil for both.
    public var host: SimulatedHost?
    /// The method; nil for all.
    public var method: String?
    /// The beginning of the path, or with `*` for any run of characters a pattern of all of it; nil for every path.
    public var path: String?
    /// How many requests that match are spared first.
    public var after: Int?
    /// How many go wrong then; nil for all that follow.
    public var count: Int?
    /// The share of requests, from 0 to 1, of those that would go wrong by what is above; nil for all.
    ///
    /// Which ones follows from `seed` and the number of the request among those that match: a run in which requests
    /// come in the same order is the same.
    public var probability: Double?
    /// What the choice of requests and of places begins with; nil for 0.
    public var seed: Int?
    /// What happens to them.
    public var action: FaultAction

    /// Makes a rule; without further arguments it hits every request.
    public init(
        _ action: FaultAction, host: SimulatedHost? = nil, method: String? = nil, path: String? = nil,
        after: Int? = nil, count: Int? = nil, probability: Double? = nil, seed: Int? = nil
    ) {
        self.action = action
        self.host = host
        self.method = method
        self.path = path
        self.after = after
        self.count = count
        self.probability = probability
        self.seed = seed
    }
}

/// The two servers of the simulator.
public enum SimulatedHost: String, Sendable, Hashable, Codable {
    /// Twilio's own hosts: api, video, accounts.
    case api
    /// The storage that presigned addresses lead to.
    case media
}

/// Is what goes wrong with a request.
///
/// Counts of bytes are of the response's body, offsets are into the stored object, whatever range of it is sent. Nil
/// for a count of bytes means a place in the body that the rule's seed chooses, often its beginning.
public enum FaultAction: Sendable, Hashable {
    /// Answers with an error status; `retryAfter` is in seconds.
    case status(Int, retryAfter: Int? = nil)
    /// Resets the connection (RST) after so many bytes.
    case reset(afterBytes: Int?)
    /// Sends nothing more after so many bytes and keeps the connection open.
    case stall(afterBytes: Int?)
    /// Closes the connection orderly after so many bytes, although more was announced.
    case truncate(afterBytes: Int?)
    /// Changes one byte of what is stored, by exclusive or with `mask`, in the sending only.
    case corrupt(offset: Int, mask: UInt8)
    /// Sends another `ETag`, as though the object had been replaced.
    case changeETag
    /// Answers with something that isn't what was asked for, as a proxy or a captive portal does; no `Content-Type`
    /// where `type` is nil.
    case answer(Int, type: String?, body: String, headers: [String: String] = [:])
    /// Gives headers other values, each in the place of those it has, or, if `doubles`, beside them.
    case headers([String: String], doubles: Bool = false)
    /// Serves the first bytes of what is stored as though there were no more; whole, if `ignoresRange`, whatever range
    /// was asked for.
    case shorten(toBytes: Int, ignoresRange: Bool)
}

extension FaultAction: Codable {
    fileprivate enum CodingKeys: String, CodingKey {
        case type, code, retryAfter, afterBytes, offset, mask, contentType, body, toBytes, ignoresRange, headers,
            doubles
    }

    /// Reads `{"type": "status" | "reset" | "stall" | "truncate" | "corrupt" | "changeETag" | "answer" | "headers" |
    /// "shorten", …}`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "status":
            self = .status(
                try container.decode(Int.self, forKey: .code),
                retryAfter: try container.decodeIfPresent(Int.self, forKey: .retryAfter))
        case "reset": self = .reset(afterBytes: try container.decodeIfPresent(Int.self, forKey: .afterBytes))
        case "stall": self = .stall(afterBytes: try container.decodeIfPresent(Int.self, forKey: .afterBytes))
        case "truncate": self = .truncate(afterBytes: try container.decodeIfPresent(Int.self, forKey: .afterBytes))
        case "corrupt":
            self = .corrupt(
                offset: try container.decode(Int.self, forKey: .offset),
                mask: try container.decode(UInt8.self, forKey: .mask))
        case "changeETag": self = .changeETag
        case "answer":
            self = .answer(
                try container.decodeIfPresent(Int.self, forKey: .code) ?? 200,
                type: try container.decodeIfPresent(String.self, forKey: .contentType),
                body: try container.decodeIfPresent(String.self, forKey: .body) ?? "",
                headers: try container.decodeIfPresent([String: String].self, forKey: .headers) ?? [:])
        case "headers":
            self = .headers(
                try container.decode([String: String].self, forKey: .headers),
                doubles: try container.decodeIfPresent(Bool.self, forKey: .doubles) ?? false)
        case "shorten":
            self = .shorten(
                toBytes: try container.decode(Int.self, forKey: .toBytes),
                ignoresRange: try container.decodeIfPresent(Bool.self, forKey: .ignoresRange) ?? false)
        case let type:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "There is no fault action of type \(type)")
        }
    }

    /// Writes what `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .status(let code, let retryAfter):
            try container.encode("status", forKey: .type)
            try container.encode(code, forKey: .code)
            try container.encodeIfPresent(retryAfter, forKey: .retryAfter)
        case .reset(let count): try container.encodeLimit("reset", count)
        case .stall(let count): try container.encodeLimit("stall", count)
        case .truncate(let count): try container.encodeLimit("truncate", count)
        case .corrupt(let offset, let mask):
            try container.encode("corrupt", forKey: .type)
            try container.encode(offset, forKey: .offset)
            try container.encode(mask, forKey: .mask)
        case .changeETag: try container.encode("changeETag", forKey: .type)
        case .headers(let headers, let doubles):
            try container.encode("headers", forKey: .type)
            try container.encode(headers, forKey: .headers)
            try container.encode(doubles, forKey: .doubles)
        case .answer(let code, let type, let body, let headers):
            try container.encode(headers, forKey: .headers)
            try container.encode("answer", forKey: .type)
            try container.encode(code, forKey: .code)
            try container.encodeIfPresent(type, forKey: .contentType)
            try container.encode(body, forKey: .body)
        case .shorten(let count, let ignoresRange):
            try container.encode("shorten", forKey: .type)
            try container.encode(count, forKey: .toBytes)
            try container.encode(ignoresRange, forKey: .ignoresRange)
        }
    }
}

extension KeyedEncodingContainer<FaultAction.CodingKeys> {
    fileprivate mutating func encodeLimit(_ type: String, _ count: Int?) throws {
        try encode(type, forKey: .type)
        try encodeIfPresent(count, forKey: .afterBytes)
    }
}
