import Envelope
import TwilioAPI

/// What is known of the private keys that belong to public keys, by trying.
struct KeyStandings {
    /// Whether the private key of a public key is held.
    enum Standing: Hashable {
        case held
        case notHeld
    }

    private struct Name: Hashable {
        let publicKeySID: String
        let use: KeyRing.Use
    }

    /// How many recordings have to fail before the key counts as one that isn't held: one of them may be damaged.
    static let leastFailures = 3

    private var held: Set<Name> = []
    private var failures: [Name: Set<SID>] = [:]

    /// What was found out; nil when that isn't enough to tell.
    func standing(of publicKeySID: String, use: KeyRing.Use) -> Standing? {
        let name = Name(publicKeySID: publicKeySID, use: use)
        if held.contains(name) { return .held }
        return failures[name, default: []].count >= Self.leastFailures ? .notHeld : nil
    }

    /// Takes note of what an attempt has shown.
    ///
    /// One envelope that opens proves that the key is held, whatever others do.
    mutating func note(_ standing: Standing, of publicKeySID: String, use: KeyRing.Use, recording: SID) {
        let name = Name(publicKeySID: publicKeySID, use: use)
        switch standing {
        case .held:
            held.insert(name)
            failures[name] = nil
        case .notHeld:
            guard !held.contains(name), failures[name, default: []].count < Self.leastFailures else { return }
            failures[name, default: []].insert(recording)
        }
    }
}
