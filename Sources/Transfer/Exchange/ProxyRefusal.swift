import Support

/// A proxy's refusal to connect to a host.
struct ProxyRefusal: Equatable {
    /// The reason in a few words.
    let reason: ForeignText
    /// The remedy, as a sentence.
    let remedy: String

    /// Interprets the status of a proxy's answer to CONNECT (0 without one); nil unless it is a refusal.
    init?(status: Int) {
        switch status {
        case 407:
            reason = "the proxy requires other credentials (status 407)"
            remedy = "Give them in HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT."
        case 403:
            reason = "the proxy refuses the host (status 403)"
            remedy = "Have the proxy allow it, or name the host in NO_PROXY."
        case 400...599:
            reason = ForeignText("the proxy has answered with status \(status)")
            remedy = "Correct HTTPS_PROXY, or name the host in NO_PROXY."
        default:
            return nil
        }
    }
}
