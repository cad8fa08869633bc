public import FoundationEssentials
import Transfer

/// The addresses of Twilio's services.
public struct Endpoints: Hashable, Sendable {
    /// Of the 2010 API: voice recordings.
    ///
    /// `https://api.twilio.com` unless told otherwise.
    public let api: URL

    /// Of the video API: video recordings and compositions.
    ///
    /// `https://video.twilio.com` unless told otherwise.
    public let video: URL

    /// Works out the addresses.
    ///
    /// - Parameters:
    ///   - region: where the account's data is kept, `ie1` for instance. A region alone implies its edge.
    ///   - edge: the location through which Twilio is reached, `dublin` for instance. An edge alone goes with `us1`.
    ///   - api: another address of the 2010 API, that of a proxy or a simulator.
    ///   - video: another address of the video API.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/invalidConfiguration``, naming what is wrong.
    public init(
        region: String? = nil, edge: String? = nil, api: String? = nil, video: String? = nil
    ) throws(TwilioError) {
        let domain = try Self.domain(region: region, edge: edge)
        self.api = try Self.url(api, orHost: "api.\(domain)", setting: "API address")
        self.video = try Self.url(video, orHost: "video.\(domain)", setting: "video address")
    }

    /// The address of a service.
    func url(of service: TwilioService) -> URL {
        switch service {
        case .api2010: api
        case .video: video
        }
    }

    /// The edges that regions imply, from Twilio's page "Global infrastructure".
    private static let edges = ["au1": "sydney", "ie1": "dublin", "jp1": "tokyo", "us1": "ashburn"]

    private static func domain(region: String?, edge: String?) throws(TwilioError) -> String {
        for (name, value) in [("region", region), ("edge", edge)] {
            if let value, value.isEmpty || !value.utf8.allSatisfy(isLabelCharacter) {
                throw TwilioError(.invalidConfiguration, "the \(name) '\(value)' is not a name like 'ie1' or 'dublin'")
            }
        }
        guard region != nil || edge != nil else { return "twilio.com" }
        let region = region ?? "us1"
        guard let edge = edge ?? edges[region] else {
            throw TwilioError(
                .invalidConfiguration,
                "the region '\(region)' implies no edge that is known here: give the edge as well")
        }
        return "\(edge).\(region).twilio.com"
    }

    private static func isLabelCharacter(_ character: UInt8) -> Bool {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private static func url(_ text: String?, orHost host: String, setting: String) throws(TwilioError) -> URL {
        let text = text ?? "https://\(host)"
        guard let url = URL(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme.lowercased()),
            let host = url.host(), !host.isEmpty, url.query() == nil, url.fragment() == nil, url.user() == nil
        else {
            throw TwilioError(
                .invalidConfiguration, "the \(setting) '\(text)' is not an address like https://api.twilio.com")
        }
        guard Address(url: url).origin != nil else {
            throw TwilioError(
                .invalidConfiguration,
                "the \(setting) '\(text)' can't be used: plain http is for the loopback interface alone, and ports go"
                    + " up to 65535")
        }
        return url
    }
}

extension URL {
    /// This address with a path and a query appended to its own path.
    ///
    /// - Parameter pathAndQuery: begins with `/`, percent-encoded.
    func appending(pathAndQuery: String) -> URL? {
        var base = absoluteString
        while base.hasSuffix("/") { base.removeLast() }
        return URL(string: base + pathAndQuery)
    }
}
