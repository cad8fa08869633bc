public import FoundationEssentials
import Transfer

/// The addresses of Twilio's services.
public struct Endpoints: Hashable, Sendable {
    /// The 2010 API, for voice recordings; by default `https://api.twilio.com`.
    public let api: URL
    /// The video API, for video recordings and compositions; by default `https://video.twilio.com`.
    public let video: URL
    /// The service that gives out OAuth tokens; by default `https://oauth.twilio.com/v2/token`, in any region.
    public let oauth: URL
    /// The hosts that were given, instead of Twilio's own: they may have private addresses.
    public let givenHosts: Set<String>
    /// The region of the account's data, if it was given and has no video.
    let regionWithoutVideo: String?

    /// Derives the addresses.
    ///
    /// - Parameters:
    ///   - region: The region of the account's data, `ie1` for instance; alone it implies an edge.
    ///   - edge: The network location that serves Twilio, `dublin` for instance; alone it implies `us1`.
    ///   - api: Another address of the 2010 API, such as a proxy's or a simulator's.
    ///   - video: Another address of the video API.
    ///   - oauth: Another address of the service that gives out OAuth tokens.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/invalidConfiguration``.
    public init(
        region: String? = nil, edge: String? = nil, api: String? = nil, video: String? = nil, oauth: String? = nil
    ) throws(TwilioError) {
        let domain = try Self.domain(region: region, edge: edge)
        self.api = try Self.url(api, orHost: "api.\(domain)", setting: "API address")
        self.video = try Self.url(video, orHost: "video.\(domain)", setting: "video address")
        self.oauth = try Self.url(oauth, orHost: "oauth.twilio.com/v2/token", setting: "OAuth address")
        givenHosts = Set(
            [(api, self.api), (video, self.video), (oauth, self.oauth)].compactMap { text, url in
                text == nil ? nil : url.host()?.lowercased()
            })
        regionWithoutVideo = region.flatMap { Self.regionsWithoutVideo.contains($0) ? $0 : nil }
    }

    /// The address of a service.
    func url(of service: TwilioService) -> URL {
        switch service {
        case .api2010: api
        case .video: video
        }
    }

    /// The edges that regions imply; source: Twilio, "Global infrastructure".
    private static let edges = ["au1": "sydney", "ie1": "dublin", "jp1": "tokyo", "us1": "ashburn"]

    /// The regions that have voice and no video; source: Twilio, "Regional products".
    private static let regionsWithoutVideo: Set = ["au1", "ie1"]

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
        character.isSmallLetter || character.isDigit || character == UInt8(ascii: "-")
    }

    private static func url(_ text: String?, orHost host: String, setting: String) throws(TwilioError) -> URL {
        let text = text ?? "https://\(host)"
        if let url = URL(string: text), url.user() != nil || url.password() != nil {
            // The message doesn't repeat the text, which may hold a password.
            throw TwilioError(.invalidConfiguration, "the \(setting) has a user name or a password in it: remove it")
        }
        guard let url = URL(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme.lowercased()),
            let host = url.host(), !host.isEmpty, url.query() == nil, url.fragment() == nil
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
    /// Appends a path and query, which begin with `/` and are percent-encoded, to this address.
    func appending(pathAndQuery: String) -> URL? {
        var base = absoluteString
        while base.hasSuffix("/") { base.removeLast() }
        return URL(string: base + pathAndQuery)
    }
}
