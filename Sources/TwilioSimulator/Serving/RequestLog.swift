import NIOHTTP1

/// Is one request as the simulator saw it.
public struct LoggedRequest: Sendable, Hashable, Codable {
    /// Its number, from 1, in the order of arrival.
    public let number: Int
    /// When it arrived, in seconds since 1970 with a fraction.
    public let time: Double
    /// The server that got it.
    public let host: SimulatedHost
    /// The method.
    public let method: String
    /// The path.
    public let path: String
    /// The query, without the values of signatures.
    public let query: String
    /// The `Range` header.
    public let range: String?
    /// Whether it carried an `Authorization` header.
    public let authorization: Bool
    /// Whether it carried a signature of AWS, or another header field of AWS's.
    public let isSignedForAWS: Bool
    /// The token in its `Twilio-Client-Validation` header; nil without one.
    public let validationToken: String?
    /// The SID of the account that its credentials opened; nil when they opened none.
    public let account: String?
    /// The number of its connection, from 1; requests on one connection have the same.
    public let connection: Int
    /// The status of the answer; nil before there is one.
    public var status: Int?
    /// The bytes of body sent so far.
    public var bodyBytes: Int
    /// What went wrong with it as a rule demanded; nil where nothing did.
    public var fault: FaultAction?
}

/// Holds the requests since the start or the last clearing, in order.
///
/// A value without locks; its owner serialises access.
struct RequestLog: Sendable {
    private(set) var requests: [LoggedRequest] = []
    private var nextNumber = 1
    /// What all requests carried that opens something; it outlives the requests.
    private(set) var secrets: Set<String> = []

    /// Notes a request and gives its number.
    mutating func begin(_ request: SimulatedRequest, account: String?, connection: Int, now: Double) -> Int {
        defer { nextNumber += 1 }
        secrets.formUnion(Self.secrets(of: request))
        requests.append(
            LoggedRequest(
                number: nextNumber, time: now, host: request.host, method: request.method, path: request.path,
                query: request.queryWithoutSecrets, range: request.headers.first(name: "Range"),
                authorization: request.headers.contains(name: "Authorization"),
                isSignedForAWS: request.headers.contains { name, value in
                    let name = name.lowercased()
                    return name.hasPrefix("x-amz-") || name == "authorization" && value.hasPrefix("AWS")
                },
                validationToken: request.headers.first(name: RequestValidation.field), account: account,
                connection: connection, status: nil, bodyBytes: 0, fault: nil))
        return nextNumber
    }

    /// What a request carries that opens something: passwords, tokens, and the signatures of tokens and addresses.
    private static func secrets(of request: SimulatedRequest) -> [String] {
        let tokens = [request.bearerToken, request.headers.first(name: RequestValidation.field)].compactMap(\.self)
        let password = request.login?.split(separator: ":", maxSplits: 1).dropFirst().first.map(String.init)
        let client = request.path.hasSuffix("/token") ? request.form["client_secret"] : nil
        let signature = request.query.first { $0.name == "X-Amz-Signature" }?.value
        // Without its last part, the signature, a token opens nothing.
        return [password, client, signature].compactMap(\.self)
            + tokens.flatMap { [$0, $0.split(separator: ".").last.map(String.init) ?? $0] }
    }

    /// Notes progress of a request, unless the log was cleared after it came.
    mutating func update(_ number: Int, _ change: (inout LoggedRequest) -> Void) {
        guard let first = requests.first?.number, number >= first, number - first < requests.count else { return }
        change(&requests[number - first])
    }

    /// Forgets all requests; numbers go on.
    mutating func clear() {
        requests = []
    }
}
