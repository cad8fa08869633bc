import TestSupport
import TwilioSimulator

/// What happens to requests for media, as in the first column of the table in `doc/semantics.md`.
enum MediaFailure: String, CaseIterable {
    case reset = "a connection that is reset in the middle, again and again"
    case early = "a body that ends early, again and again"
    case resetAtOnce = "a connection that is reset before the first byte"
    case stall = "a connection that stalls"
    case tooMany = "status 429, without Retry-After"
    case pause = "status 429, with Retry-After beyond the deadline"
    case transient = "status 408, 425, 500, 502, 503, 504 or 520"
    case slowDown = "SlowDown of S3"
    case unauthorized = "status 401"
    case forbidden = "status 403"
    case badRequest = "status 400"
    case young = "status 404 of media, soon after the recording"
    case missing = "status 404 of media, later"
    case gone = "status 404 of media and resource"
    case precondition = "status 412 when a broken download goes on"
    case entityTag = "another entity tag"
    case range = "status 416 of a range within the media"
    case lengths = "two lengths that disagree"
    case otherRange = "a Content-Range that isn't what was asked for"
    case json = "JSON in the place of media"
    case page = "a page for people in the place of media"
    case flippedBit = "one flipped bit of voice"

    /// The faults, each of which has the same answer.
    var faults: [FaultAction] {
        switch self {
        case .reset: [.reset(afterBytes: 50_000)]
        case .early: [.truncate(afterBytes: 50_000)]
        case .resetAtOnce: [.reset(afterBytes: 0)]
        case .stall: [.stall(afterBytes: 0)]
        case .tooMany: [.status(429)]
        case .pause: [.status(429, retryAfter: 110)]
        case .transient:
            [408, 425, 500, 502, 503, 504, 520].map { .status($0) }
        case .slowDown:
            [
                .answer(
                    503, type: "application/xml",
                    body: "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
            ]
        case .unauthorized: [.status(401)]
        case .forbidden: [.status(403)]
        case .badRequest: [.status(400)]
        case .young, .missing, .gone: [.status(404)]
        case .precondition: [.status(412)]
        case .entityTag: [.changeETag]
        case .range: [.status(416)]
        case .lengths: [.headers(["Content-Length": "12"])]
        case .otherRange: [.headers(["Content-Range": "bytes 1000-1031/2000"])]
        case .json: [.answer(200, type: "application/json", body: #"{"code":20500}"#)]
        case .page: [.answer(200, type: "text/html", body: "<html>Please log in</html>")]
        case .flippedBit: [.corrupt(offset: 150_000, mask: 1)]
        }
    }

    /// Whether it is of voice alone.
    var isOfVoice: Bool { self == .flippedBit || isOfHost || self == .young }

    /// Whether it holds back other requests to the host, so that it needs a mount of its own.
    var isOfHost: Bool { self == .tooMany || self == .pause }
}

/// The option for a short deadline.
enum TimeoutOption {
    /// The words for the shortest deadline that is allowed.
    static let shortest = words(5)

    /// The words for a deadline of some seconds.
    static func words(_ seconds: Int) -> [String] { ["--timeout", "\(seconds)"] }
}
