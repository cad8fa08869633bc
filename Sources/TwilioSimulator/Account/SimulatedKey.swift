public import Support

/// An API key, or an account's own credential, that reaches a part of what the account has.
public struct SimulatedKey: Sendable, Hashable, Codable {
    /// The SID of the key, `SK…`, or of an account whose auth token is meant, `AC…`.
    public var sid: String
    /// The secret of a further key; nil for a credential that there is anyway.
    public var secret: String?
    /// The account that a further key opens; nil for the main one.
    public var account: String?
    /// The kinds of media that it reaches; nil for all.
    public var kinds: [MediaKind]?
    /// Whether it reaches the accounts themselves, as main keys do and standard ones don't; nil for true.
    public var reachesAccounts: Bool?
    /// The status with which all else is refused; nil for 401.
    public var status: Int?
    /// Twilio's error number in these answers; nil for the usual one of the status.
    public var code: Int?

    /// Makes a key.
    ///
    /// - Throws: `SimulatorError` with code `input` when the SID isn't that of a key or an account.
    public init(
        sid: String, secret: String? = nil, account: String? = nil, kinds: [MediaKind]? = nil,
        reachesAccounts: Bool? = nil, status: Int? = nil, code: Int? = nil
    ) throws(SimulatorError) {
        self.sid = sid
        self.secret = secret
        self.account = account
        self.kinds = kinds
        self.reachesAccounts = reachesAccounts
        self.status = status
        self.code = code
        try check()
    }

    /// Refuses a key that can't be: one that was read isn't checked yet.
    func check() throws(SimulatorError) {
        guard isSID(sid, prefix: "SK") || isSID(sid, prefix: "AC") && secret == nil else {
            throw SimulatorError(
                .input, "\(sid) is no SID of an API key or of an account; give SK and 32 digits, or AC without a secret"
            )
        }
        guard status.map({ (400...499).contains($0) }) ?? true else {
            throw SimulatorError(.input, "The status \(status ?? 0) doesn't refuse anything; give one from 400 to 499")
        }
    }
}

/// Holds the keys that are restricted.
///
/// A value without locks; its owner serialises access.
struct KeyTable: Sendable {
    /// The keys in the order in which they were given.
    private(set) var keys: [SimulatedKey]

    init(_ keys: [SimulatedKey] = []) { self.keys = keys }

    /// Adds a key, in place of one with the same SID.
    mutating func put(_ key: SimulatedKey) {
        keys.removeAll { $0.sid == key.sid }
        keys.append(key)
    }

    /// The further key that a name and a password, with a colon between, open.
    func key(openedBy login: String) -> SimulatedKey? {
        keys.first { key in key.secret.map { "\(key.sid):\($0)" == login } ?? false }
    }

    /// The refusal of a request; nil when its credential reaches what it asks for.
    func refusal(of request: SimulatedRequest, format: Behaviour.ErrorFormat) -> SimulatedResponse? {
        guard let name = request.login?.split(separator: ":").first,
            let key = keys.first(where: { $0.sid == name }), !key.reaches(request)
        else { return nil }
        let status = key.status ?? 401
        let (code, message) =
            switch status {
            case 401: (20003, "Authenticate")
            case 403: (20403, "The API key has no permission for \(request.path)")
            case 404: (20404, "The requested resource \(request.path) was not found")
            default: (20000 + status, "The request was refused")
            }
        return .twilioError(status, key.code ?? code, message, format: format)
    }
}

extension SimulatedKey {
    /// Whether it reaches what a request asks for.
    fileprivate func reaches(_ request: SimulatedRequest) -> Bool {
        let segments = request.segments
        let isClassic = segments.first == "2010-04-01"
        if isClassic, segments.count <= 3 { return reachesAccounts ?? true }
        let kind: MediaKind? =
            switch (isClassic, segments.dropFirst(isClassic ? 3 : 1).first) {
            case (true, _): .recording
            case (false, "Recordings"), (false, "RecordingSettings"): .videoRecording
            case (false, "Compositions"), (false, "CompositionSettings"): .composition
            default: nil
            }
        guard let kind, let kinds else { return true }
        return kinds.contains(kind)
    }
}
