import CCurl
import Glibc
import Support

/// Which addresses a host may have: those of the public Internet alone, unless the user has named the host.
///
/// The address is checked when the connection is made, since another answer of the name server may follow any check
/// before.
struct PeerRule: Sendable {
    /// Whether private addresses are right for the host: it is this machine, was named by the user, or was told by such
    /// a host.
    var allowsPrivate: Bool
    /// The port of a proxy of the environment.
    ///
    /// Proxies are in the private network as a rule, and look the name up themselves. A connection to another port
    /// doesn't go through it.
    var proxyPort: UInt16? = EnvironmentProxy.port

    /// The error of connecting to an address, if that is refused.
    func fault(of peer: PeerAddress, port: UInt16, for address: Address) -> TransferError? {
        guard !allowsPrivate, port != proxyPort, !peer.isPublic else { return nil }
        let isName = address.origin.flatMap { PeerAddress($0.bareHost) } == nil
        let subject = isName ? "the name leads to \(peer), which" : "\(peer)"
        let reason = ForeignText("\(subject) is no address of the public Internet")
        return TransferError(
            // A name may lead elsewhere a moment later, when a captive portal has let this machine pass.
            isName ? .nameNotResolved : .insecureAddress, "\(address) is refused: \(reason).",
            remedy: "If a host of your own network is meant, name it: with --api-url or --video-url, or, for media,"
                + " with --external-media allow=HOST.",
            details: TransferErrorCode.Details(reason: reason))
    }
}

/// The proxy that libcurl takes from the environment for https.
enum EnvironmentProxy {
    /// Its port; nil without one.
    static var port: UInt16? { port(of: { name in getenv(name).map { String(cString: $0) } }) }

    /// The port of the proxy in variables.
    ///
    /// libcurl takes these, in this order, and 1080 for an address without a port.
    static func port(of variable: (String) -> String?) -> UInt16? {
        let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
        guard let text = names.lazy.compactMap(variable).first(where: { !$0.isEmpty }), let handle = curl_url() else {
            return nil
        }
        defer { curl_url_cleanup(handle) }
        let flags = UInt32(CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME)
        guard curl_url_set(handle, CURLUPART_URL, text, flags) == CURLUE_OK else { return 1080 }
        var part: UnsafeMutablePointer<CChar>?
        defer { curl_free(part) }
        if curl_url_get(handle, CURLUPART_PORT, &part, 0) == CURLUE_OK, let part {
            return UInt16(String(cString: part)) ?? 1080
        }
        return text.lowercased().hasPrefix("https://") ? 443 : 1080
    }
}
