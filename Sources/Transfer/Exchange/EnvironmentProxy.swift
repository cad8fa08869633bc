import CCurl
import Glibc
import Support

/// The proxy that libcurl takes from the environment for https, and the hosts that it reaches without the proxy.
struct EnvironmentProxy: Sendable, Equatable {
    /// Its port.
    let port: UInt16
    /// Its address, where the variable has an address and no name.
    let address: PeerAddress?
    /// The list of `NO_PROXY`.
    private let exceptions: String

    /// The proxy of the process's environment, if there is one.
    static var current: EnvironmentProxy? { EnvironmentProxy { name in getenv(name).map { String(cString: $0) } } }

    /// Reads variables; nil without a proxy in them.
    ///
    /// libcurl takes these, in this order, and 1080 for an address without a port.
    init?(_ variable: (String) -> String?) {
        func first(of names: [String]) -> String? { names.lazy.compactMap(variable).first { !$0.isEmpty } }
        guard let text = first(of: ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]) else { return nil }
        exceptions = first(of: ["no_proxy", "NO_PROXY"]) ?? ""
        let usualPort: UInt16 = text.lowercased().hasPrefix("https://") ? 443 : 1080
        guard let handle = curl_url() else { return nil }
        defer { curl_url_cleanup(handle) }
        let flags = UInt32(CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME)
        guard curl_url_set(handle, CURLUPART_URL, text, flags) == CURLUE_OK else {
            (port, address) = (1080, nil)
            return
        }
        func part(_ part: CURLUPart) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        port = part(CURLUPART_PORT).map { UInt16($0) ?? 1080 } ?? usualPort
        address = part(CURLUPART_HOST).flatMap { PeerAddress($0) }
    }

    /// Whether a connection to this address and port is one to the proxy, as far as its own address is known.
    func isAt(_ peer: PeerAddress, port: UInt16) -> Bool {
        port == self.port && (address.map { $0 == peer } ?? true)
    }

    /// Whether requests to a host go through the proxy: it isn't in `NO_PROXY`.
    ///
    /// The rules are libcurl's: names stand for themselves and what is below them, addresses for themselves or, with
    /// the number of its bits, for a network; a lone asterisk stands for every host.
    func carries(_ host: String) -> Bool {
        if exceptions == "*" { return false }
        let peer = PeerAddress(host)
        let name = host.hasSuffix(".") ? host.dropLast() : host[...]
        return !exceptions.split { " \t,".contains($0) }.contains { exception in
            if let peer { return Self.covers(exception, peer) }
            var end = exception.hasSuffix(".") ? exception.dropLast() : exception
            if end.hasPrefix(".") { end = end.dropFirst() }
            return Self.isSame(name, end) || !end.isEmpty && name.lowercased().hasSuffix(".\(end.lowercased())")
        }
    }

    private static func isSame(_ one: Substring, _ other: Substring) -> Bool { one.lowercased() == other.lowercased() }

    /// Whether an address, or a network as `10.0.0.0/8`, covers an address.
    private static func covers(_ exception: Substring, _ peer: PeerAddress) -> Bool {
        let parts = exception.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let start = parts.first.flatMap({ PeerAddress($0) }) else { return false }
        guard parts.count == 2 else { return start == peer }
        return Int(parts[1]).map { start.covers(peer, bits: $0) } ?? (start == peer)
    }
}
