import CCurl
import FoundationEssentials
import Glibc
public import Support

/// The scheme, host and port of a URL: the scope of a credential.
///
/// libcurl, which connects to the URL, also parses it here. If another parser disagreed about the host, a credential
/// could be sent to the wrong server.
public struct Origin: Hashable, Sendable, CustomStringConvertible {
    /// `https` or `http`.
    public let scheme: String
    /// The host in lower case; an IPv6 address has brackets.
    public let host: String
    /// The port.
    public let port: Int

    /// Makes the origin of a URL.
    ///
    /// - Throws: `invalid`; `insecure` for plain http to another machine.
    init(of url: URL) throws(AddressError) {
        // libcurl's parser reads "https:///path" as a URL with the host "path".
        guard let host = url.host(), !host.isEmpty else {
            throw AddressError(.invalid, "The address \(url.withoutSecrets) has no host.")
        }
        try self.init(ParsedURL(url.absoluteString), shown: url.withoutSecrets)
    }

    fileprivate init(_ parsed: ParsedURL, shown: String) throws(AddressError) {
        func invalid(_ reason: String) -> AddressError {
            AddressError(.invalid, "The address \(shown) can't be used: \(reason).")
        }
        guard parsed[CURLUPART_USER] == nil, parsed[CURLUPART_PASSWORD] == nil else {
            throw invalid("it has user information in it")
        }
        guard let scheme = parsed[CURLUPART_SCHEME]?.lowercased(), scheme == "https" || scheme == "http" else {
            throw invalid("its scheme is neither https nor http")
        }
        guard let host = parsed[CURLUPART_HOST]?.lowercased(), !host.isEmpty else {
            throw invalid("it has no host")
        }
        guard let port = parsed[CURLUPART_PORT, CURLU_DEFAULT_PORT].flatMap(Int.init), (1...65535).contains(port) else {
            throw invalid("its port is not a port")
        }
        self.scheme = scheme
        self.host = host
        self.port = port
        guard scheme == "https" || isLoopback else {
            throw AddressError(
                .insecure, "The address \(shown) is refused: plain http is for loopback alone.")
        }
    }

    /// The host, followed by the port unless that is the scheme's default.
    public var description: String {
        let isUsual = port == (scheme == "https" ? 443 : 80)
        return "\(ForeignText(isUsual ? host : "\(host):\(port)"))"
    }

    /// Whether the host denotes the loopback interface: 127.0.0.0/8, `::1` or `localhost`.
    ///
    /// libcurl connects to `localhost` without asking a name server, so the name can't lead to another machine.
    var isLoopback: Bool {
        if host == "localhost" { return true }
        if let bytes = addressBytes(AF_INET, host, count: 4) { return bytes[0] == 127 }
        guard let bytes = addressBytes(AF_INET6, bareHost, count: 16) else { return false }
        return bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    /// Whether the host denotes this machine by a loopback or unspecified address, or by a name under `localhost`.
    ///
    /// IPv4 addresses count in their IPv6 form too. Addresses of this machine's other interfaces don't count.
    var reachesThisMachine: Bool {
        if isLoopback || host == "localhost." || host.hasSuffix(".localhost") || host.hasSuffix(".localhost.") {
            return true
        }
        if let bytes = addressBytes(AF_INET, host, count: 4) { return bytes[0] == 0 }
        guard let bytes = addressBytes(AF_INET6, bareHost, count: 16), bytes.prefix(10).allSatisfy({ $0 == 0 }) else {
            return false
        }
        let isMapped = bytes[10] == 0xff && bytes[11] == 0xff && (bytes[12] == 127 || bytes[12] == 0)
        return isMapped || bytes.allSatisfy { $0 == 0 }
    }

    /// The host, without the brackets of an IPv6 address.
    var bareHost: String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    private func addressBytes(_ family: Int32, _ text: String, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }
}

extension Address {
    /// The origin of the URL; nil if the URL can't be used.
    public var origin: Origin? { try? Origin(of: url) }

    /// The address that a redirect leads to.
    ///
    /// It keeps the credential only if its origin is the same, or one that the credential's provider follows to. A
    /// later redirect doesn't restore a dropped credential.
    ///
    /// - Parameter location: The `Location` field of the response.
    /// - Throws: `invalid` if the target isn't a usable URL; `insecure` for plain http to another machine, or for this
    ///   machine when another one redirects to it.
    public func redirected(to location: String) throws(AddressError) -> Address {
        let here = try Origin(of: url)
        let parsed = try ParsedURL(url.absoluteString)
        let isReadable = parsed.follow(location)
        guard isReadable, let text = parsed[CURLUPART_URL], let target = URL(string: text) else {
            throw AddressError(.invalid, "\(self) redirects to something that is not a URL.")
        }
        let there = try Origin(parsed, shown: Address(url: target).description)
        guard here.isLoopback || !there.reachesThisMachine else {
            throw AddressError(
                .insecure,
                "\(self) redirects to \(Address(url: target)), which is this machine: refused.")
        }
        let isKept = here == there || credentials?.follows(to: there) == true
        var address = Address(url: target, credentials: isKept ? credentials : nil)
        address.teller = here == there ? teller : here
        return address
    }

    /// The address that a response tells, by a redirect or by other means.
    ///
    /// - Parameters:
    ///   - location: The address, which may be relative to this one.
    ///   - response: The fields of the response, whose `Date` tells how long a presigned address is of use.
    /// - Throws: Like ``redirected(to:)``.
    public func redirected(
        to location: String, by response: HeaderFields, now: SuspendingClock.Instant = .now
    ) throws(AddressError) -> Address {
        try redirected(to: location).aging(by: response, now: now)
    }
}

extension OutgoingRequest {
    /// Where a request goes, as libcurl sends it.
    public struct Target: Sendable, Hashable {
        /// The value of the header field `Host`.
        public let host: String
        /// The path, at least `/`, percent-encoded.
        public let path: String
        /// The query without its question mark, percent-encoded; empty for none.
        public let query: String
    }

    /// The target; nil for a URL that can't be used.
    public var target: Target? {
        guard let parsed = try? ParsedURL(url.absoluteString), let host = parsed[CURLUPART_HOST],
            let path = parsed[CURLUPART_PATH]
        else { return nil }
        // libcurl leaves out the scheme's own port.
        let port = parsed[CURLUPART_PORT, CURLU_NO_DEFAULT_PORT].map { ":\($0)" } ?? ""
        return Target(host: host + port, path: path, query: parsed[CURLUPART_QUERY] ?? "")
    }
}

/// A URL that libcurl has parsed.
private final class ParsedURL {
    private let handle: OpaquePointer

    init(_ text: String) throws(AddressError) {
        guard let handle = curl_url() else {
            throw AddressError(.invalid, "There is not enough memory to read an address.")
        }
        guard curl_url_set(handle, CURLUPART_URL, text, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK else {
            curl_url_cleanup(handle)
            throw AddressError(.invalid, "An address is not a usable URL.")
        }
        self.handle = handle
    }

    deinit { curl_url_cleanup(handle) }

    /// Replaces this URL with one that may be relative to it; returns whether the new URL is valid.
    func follow(_ location: String) -> Bool {
        // Some servers put spaces and other invalid bytes into `Location`. libcurl encodes them, as browsers do.
        let flags = UInt32(CURLU_URLENCODE | CURLU_ALLOW_SPACE | CURLU_PATH_AS_IS)
        return curl_url_set(handle, CURLUPART_URL, location, flags) == CURLUE_OK
    }

    subscript(part: CURLUPart, flags: Int32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, UInt32(flags)) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
