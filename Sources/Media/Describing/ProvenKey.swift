import Envelope

/// A public key whose private key is held: the private key has opened an envelope that names the public key.
///
/// There is no proof of the contrary: an envelope that doesn't open may be damaged or name the wrong public key.
/// So each recording whose key isn't proven is tried by itself.
struct ProvenKey: Hashable {
    let publicKeySID: String
    let use: KeyRing.Use
}
