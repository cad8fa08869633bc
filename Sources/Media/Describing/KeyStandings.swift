import Envelope

/// The private keys proven to be held, since one opened an envelope that names their public key.
///
/// There is no proof of the contrary: an envelope that doesn't open may be damaged or name the wrong public key.
/// So each recording whose key isn't proven is tried by itself.
struct KeyStandings {
    private struct Name: Hashable {
        let publicKeySID: String
        let use: KeyRing.Use
    }

    private var held: Set<Name> = []

    /// Whether the private key of a public key is proven.
    func isHeld(_ publicKeySID: String, use: KeyRing.Use) -> Bool {
        held.contains(Name(publicKeySID: publicKeySID, use: use))
    }

    /// Notes that the private key of a public key opened an envelope.
    mutating func noteHeld(_ publicKeySID: String, use: KeyRing.Use) {
        held.insert(Name(publicKeySID: publicKeySID, use: use))
    }
}
