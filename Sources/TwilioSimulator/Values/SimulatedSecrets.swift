/// Is what must not become known of a simulation: nothing that its users leave behind may contain any of it.
public struct SimulatedSecrets: Sendable, Hashable {
    /// Passwords, tokens and signatures: those of the accounts, and all that requests carried.
    public var texts: Set<String> = []
    /// The content keys of resources.
    public var contentKeys: Set<[UInt8]> = []
}

extension TwilioSimulator {
    /// The secrets so far.
    public var secrets: SimulatedSecrets {
        var result = SimulatedSecrets(texts: [credentials.authToken, credentials.apiSecret, credentials.clientSecret])
        result.texts.formUnion(subaccounts.map(\.authToken))
        result.texts.formUnion(givenOutTokens)
        result.texts.formUnion(keys.compactMap(\.secret))
        result.texts.formUnion(carriedSecrets)
        result.contentKeys = contentKeys
        return result
    }
}
