import FoundationEssentials
public import Transfer

extension Endpoints {
    /// Whether an origin is Twilio's: that of an address, or a host of `twilio.com` with https at its usual port.
    public func includes(_ origin: Origin) -> Bool {
        let isTwilios = origin.host == "twilio.com" || origin.host.hasSuffix(".twilio.com")
        if isTwilios, origin.scheme == "https", origin.port == 443 { return true }
        return [api, video].contains { Address(url: $0).origin == origin }
    }
}
