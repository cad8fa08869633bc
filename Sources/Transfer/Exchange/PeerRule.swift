import Support

/// Which addresses a host may have: those of the public Internet alone, unless the user has named the host.
///
/// The address is checked when the connection is made, since another answer of the name server may follow any check
/// before.
struct PeerRule: Sendable {
    /// Whether private addresses are right for the host: it is this machine, was named by the user, or was told by such
    /// a host.
    var allowsPrivate: Bool
    /// The proxy of the environment.
    ///
    /// Proxies are in the private network as a rule, and look names up themselves.
    var proxy = EnvironmentProxy.current

    /// The error of connecting to an address, if that is refused.
    func fault(of peer: PeerAddress, port: UInt16, for address: Address) -> TransferError? {
        guard !allowsPrivate, !peer.isPublic else { return nil }
        let host = address.origin?.bareHost ?? ""
        if let proxy, proxy.carries(host), proxy.isAt(peer, port: port) { return nil }
        let isName = PeerAddress(host) == nil
        let subject = isName ? "the name leads to \(peer), which" : "\(peer)"
        // A name may lead elsewhere a moment later, when a captive portal has let this machine pass.
        return refusal(of: address, as: isName ? .nameNotResolved : .insecureAddress, subject)
    }

    /// The error of a request whose host is a private address itself, wherever the connection goes: a proxy would lead
    /// it there.
    func fault(ofHostOf address: Address) -> TransferError? {
        guard !allowsPrivate, let host = address.origin?.bareHost else { return nil }
        // A dot at the end makes a name of it here, but perhaps not for a proxy.
        guard let peer = PeerAddress(host.hasSuffix(".") ? host.dropLast() : host[...]), !peer.isPublic else {
            return nil
        }
        return refusal(of: address, as: .insecureAddress, "\(peer)")
    }

    private func refusal(of address: Address, as code: TransferError.Code, _ subject: String) -> TransferError {
        let reason = ForeignText("\(subject) is no address of the public Internet")
        return TransferError(
            code, "\(address) is refused: \(reason).",
            remedy: "If a host of your own network is meant, name it: with --api-url or --video-url, or, for media,"
                + " with --external-media allow=HOST.",
            details: TransferErrorCode.Details(reason: reason))
    }
}
