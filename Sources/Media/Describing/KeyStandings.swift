import Envelope

/// Which private keys are known to be held, since one of them has opened an envelope that names their public key.
///
/// Nothing proves the contrary: an envelope that doesn't open may be damaged, or name another public key than its own.
/// So each recording whose public key isn't among these is tried by itself.
struct KeyStandings {
    private struct Name: Hashable {
        let publicKeySID: String
        let use: KeyRing.Use
    }

    private var held: Set<Name> = []

    /// Whether the private key of a public key has opened an envelope.
    func isHeld(_ publicKeySID: String, use: KeyRing.Use) -> Bool {
        held.contains(Name(publicKeySID: publicKeySID, use: use))
    }

    /// Takes note that the private key of a public key has opened an envelope.
    mutating func noteHeld(_ publicKeySID: String, use: KeyRing.Use) {
        held.insert(Name(publicKeySID: publicKeySID, use: use))
    }
}
