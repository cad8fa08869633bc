import NIOHTTP1

/// Signs addresses of the media host, and checks them, as S3 does (AWS Signature Version 4 in query parameters).
struct PresignedAddress {
    /// The base of the media host: scheme, host and port.
    var base: String
    /// The secret of the signatures, of this run.
    let secret: [UInt8]

    private static let region = "us-east-1"
    private static let accessKey = "ASIASIMULATOR"

    /// What is wrong with an address.
    enum Refusal {
        /// No signature, or not the right one for this method, host, path and query.
        case signature
        /// The signature is right, but too old.
        case expired
    }

    /// Makes an address for `GET` that works for `lifetime` seconds from `now` on.
    func sign(path: String, lifetime: Int, now: Instant) throws(SimulatorError) -> String {
        let date = now.amazonDate
        let query = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "\(Self.accessKey)/\(date.prefix(8))/\(Self.region)/s3/aws4_request"),
            ("X-Amz-Date", date), ("X-Amz-Expires", String(lifetime)), ("X-Amz-SignedHeaders", "host"),
        ].map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
        let host = base.split(separator: "/").last.map(String.init) ?? ""
        let signature = try signature(method: "GET", host: host, path: path, query: query, date: date)
        return "\(base)\(path)?\(query)&X-Amz-Signature=\(signature)"
    }

    /// Checks a request; nil when it is right.
    func refusal(of request: SimulatedRequest, now: Instant) throws(SimulatorError) -> Refusal? {
        let fields = Dictionary(request.query.map { ($0.name, $0.value) }) { $1 }
        let signed = request.rawQuery.split(separator: "&").filter { !$0.hasPrefix("X-Amz-Signature=") }.sorted()
        guard let given = fields["X-Amz-Signature"], let date = fields["X-Amz-Date"],
            let start = Instant(text: date), let lifetime = fields["X-Amz-Expires"].flatMap({ Int($0) })
        else { return .signature }
        let expected = try signature(
            method: request.method, host: request.headers.first(name: "Host") ?? "", path: request.path,
            query: signed.joined(separator: "&"), date: date)
        guard given == expected else { return .signature }
        return now.seconds < start.seconds + lifetime ? nil : .expired
    }

    private func signature(
        method: String, host: String, path: String, query: String, date: String
    ) throws(SimulatorError) -> String {
        let day = String(date.prefix(8))
        let canonical = [
            method, percentEncoded(path, keeping: "/"), query, "host:\(host)", "", "host", "UNSIGNED-PAYLOAD",
        ].joined(separator: "\n")
        let text = [
            "AWS4-HMAC-SHA256", date, "\(day)/\(Self.region)/s3/aws4_request",
            hexadecimal(try Digest.of(canonical.utf8)),
        ].joined(separator: "\n")
        var key = Array("AWS4".utf8) + secret
        for part in [day, Self.region, "s3", "aws4_request"] { key = try hmacSHA256(key: key, Array(part.utf8)) }
        return hexadecimal(try hmacSHA256(key: key, Array(text.utf8)))
    }
}
