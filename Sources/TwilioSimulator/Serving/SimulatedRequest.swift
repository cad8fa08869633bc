import NIOHTTP1

/// Is one request, whole.
struct SimulatedRequest: Sendable {
    /// The server that got it.
    let host: SimulatedHost
    /// The method.
    let method: String
    /// The path, percent encoding undone.
    let path: String
    /// The path as it came.
    let rawPath: String
    /// The query as it came, without the question mark.
    let rawQuery: String
    /// The headers.
    let headers: HTTPHeaders
    /// The body.
    let body: [UInt8]

    init(host: SimulatedHost, head: HTTPRequestHead, body: [UInt8]) {
        self.host = host
        method = head.method.rawValue
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        rawPath = String(parts[0])
        path = percentDecoded(parts[0], plusIsSpace: false)
        rawQuery = parts.count > 1 ? String(parts[1]) : ""
        headers = head.headers
        self.body = body
    }

    /// The names and values of the query, in order.
    var query: [(name: String, value: String)] { formFields(rawQuery) }

    /// The names and values of the body's form.
    var form: [String: String] {
        Dictionary(formFields(String(decoding: body, as: UTF8.self)).map { ($0.name, $0.value) }) { $1 }
    }

    /// The name and password of the `Authorization` header, with a colon between (RFC 7617); nil without them.
    var login: String? {
        guard let value = headers.first(name: "Authorization"), value.lowercased().hasPrefix("basic ") else {
            return nil
        }
        return bytes(ofBase64: value.dropFirst(6)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The token of the `Authorization` header (RFC 6750); nil without one.
    var bearerToken: String? {
        guard let value = headers.first(name: "Authorization"), value.lowercased().hasPrefix("bearer ") else {
            return nil
        }
        return String(value.dropFirst(7))
    }

    /// The segments of the path.
    var segments: [String] { path.split(separator: "/").map(String.init) }

    /// Whether the request is for the simulator's control and not for what it simulates.
    var isControl: Bool { host == .api && path.hasPrefix("/_simulator/") }

    /// Whether it is a request that only reads.
    var isRead: Bool { method == "GET" || method == "HEAD" }

    /// What it carries that opens something: passwords, tokens, and the signatures of tokens and addresses.
    var secrets: [String] {
        let tokens = [bearerToken, headers.first(name: RequestValidation.field)].compactMap(\.self)
        let password = login?.split(separator: ":", maxSplits: 1).dropFirst().first.map(String.init)
        let client = path.hasSuffix("/token") ? form["client_secret"] : nil
        let signature = query.first { $0.name == "X-Amz-Signature" }?.value
        // Without its last part, the signature, a token opens nothing.
        return [password, client, signature].compactMap(\.self)
            + tokens.flatMap { [$0, $0.split(separator: ".").last.map(String.init) ?? $0] }
    }

    /// The path's query with the values that open something left out, for the log.
    var queryWithoutSecrets: String {
        rawQuery.split(separator: "&").map { field in
            let name = field.split(separator: "=").first ?? ""
            return ["X-Amz-Signature", "X-Amz-Credential"].contains(name) ? "\(name)=" : String(field)
        }.joined(separator: "&")
    }
}
