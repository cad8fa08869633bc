import COpenSSL
import NIOHTTP1
import Support

/// Checks the token of a request: Public Key Client Validation, as Twilio documents it.
///
/// With code of its own, from the JSON Web Token to the canonical request; the signature is verified by libcrypto.
struct RequestValidation: Sendable {
    /// The account whose credentials the request had.
    let account: SimulatedAccount
    /// What the account demands.
    let mode: Behaviour.ClientValidation

    /// The header field with the token.
    static let field = "Twilio-Client-Validation"

    /// The longest life of a token in seconds: Twilio's libraries take five minutes.
    private static let longestLife = 3_600

    /// Is the reason why a request is refused.
    struct Refusal: Error {
        let status: Int
        let code: Int
        let message: String

        init(_ code: Int, _ message: String, status: Int = 401) {
            self.status = status
            self.code = code
            self.message = message
        }
    }

    /// Checks a request; nil when it is accepted.
    func refusal(of request: SimulatedRequest, now: Instant) -> Refusal? {
        guard let token = request.headers.first(name: Self.field) else {
            guard mode == .enforced else { return nil }
            return Refusal(70052, "Public Key Client Validation Required For Account", status: 403)
        }
        guard mode != .disabled else {
            return Refusal(70053, "Public Key Client Validation Not Enabled For Account", status: 403)
        }
        do throws(Refusal) {
            try check(token, request, now: now)
            return nil
        } catch {
            return error
        }
    }

    /// Checks a token.
    private func check(_ token: String, _ request: SimulatedRequest, now: Instant) throws(Refusal) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let signature = Self.decoded(base64URL: parts[2]), let header = Self.object(parts[0]),
            let claims = Self.object(parts[1])
        else { throw Refusal(20160, "Invalid Token") }
        guard header["alg"]?.string == "RS256", header["cty"]?.string == "twilio-pkrv;v=1",
            header["typ"] == nil || header["typ"]?.string == "JWT", let sid = header["kid"]?.string
        else { throw Refusal(20152, "Invalid Header") }
        guard let key = account.state.withLock({ $0.publicKeys.first { $0.sid == sid }?.key }) else {
            throw Refusal(70154, "Public Key Is Invalid")
        }
        guard key.verifies(signature, of: Array("\(parts[0]).\(parts[1])".utf8)) else {
            throw Refusal(20159, "Invalid Signature")
        }
        let name = request.login?.split(separator: ":").first.map(String.init)
        guard let issuer = claims["iss"]?.string, issuer == name, isSID(issuer, prefix: "SK"),
            claims["sub"]?.string == account.sid
        else { throw Refusal(20153, "Invalid Issuer Or Subject") }
        if let begin = claims["nbf"], (begin.integer ?? .max) > now.seconds {
            throw Refusal(20155, "Expiration Time In The Future")
        }
        guard let end = claims["exp"]?.integer, end > now.seconds else {
            throw Refusal(20156, "Expired or Invalid Expiration in Token")
        }
        guard end <= now.seconds + Self.longestLife else {
            throw Refusal(20157, "Expiration Time Exceeds Maximum Time Allowed")
        }
        guard let names = claims["hrh"]?.string, let hash = claims["rqh"]?.string else {
            throw Refusal(20154, "Invalid Claim Set")
        }
        guard let canonical = Self.canonicalText(request, fields: names) else {
            throw Refusal(70155, "Request Is Missing Required HTTP Headers")
        }
        guard hash == Self.hash(Array(canonical.utf8)) else { throw Refusal(70156, "Request Hash Is Invalid") }
    }

    /// Puts a request into the form that is hashed; nil when a header field that the token names isn't there.
    ///
    /// Path and query are decoded and encoded anew. So a request in whose address characters are encoded in another way
    /// than RFC 3986 has it doesn't fit the hash of a client that takes it as it is.
    static func canonicalText(_ request: SimulatedRequest, fields names: String) -> String? {
        let names = names.split(separator: ";").map { $0.lowercased() }.sorted()
        var fields: [String] = []
        for name in names {
            let values = request.headers[name]
            guard !values.isEmpty else { return nil }
            fields.append("\(name):\(values.sorted().joined(separator: ","))")
        }
        let path = request.rawPath.split(separator: "/").map { recoded(String($0)) }
        // A slash at the end is an empty segment.
        let end = request.rawPath.count > 1 && request.rawPath.hasSuffix("/") ? "/" : ""
        let query = request.rawQuery.split(separator: "&").map { field in
            field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { recoded(String($0)) }.joined(separator: "=")
        }
        return
            ([
                request.method, "/\(path.joined(separator: "/"))\(end)",
                query.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.joined(separator: "&"),
            ] + fields + ["", names.joined(separator: ";"), request.body.isEmpty ? "" : hash(request.body)])
            .joined(separator: "\n")
    }

    private static func recoded(_ text: String) -> String {
        percentEncoded(percentDecoded(text, plusIsSpace: false))
    }

    /// SHA-256 in hexadecimal digits; empty if libcrypto fails, which no hash equals.
    private static func hash(_ bytes: [UInt8]) -> String {
        (try? Digest.of(bytes)).map { hexadecimal($0) } ?? ""
    }

    private static func object(_ part: String) -> JSONValue? {
        decoded(base64URL: part).flatMap { try? JSONValue(text: $0, subject: "A part of the token") }
    }

    /// Reads base64 for URLs, which has no padding.
    private static func decoded(base64URL text: String) -> [UInt8]? {
        guard !text.isEmpty, !text.contains(where: { "+/=".contains($0) }) else { return nil }
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return bytes(
            ofBase64: text.replacing("-", with: "+").replacing("_", with: "/") + padding)
    }
}

extension RecipientKey {
    /// Tells whether a signature of a message is this key's: RSASSA-PKCS1-v1_5 with SHA-256.
    func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        let isRight = withKey { key in
            EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
                && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        }
        ERR_clear_error()
        return isRight
    }
}
