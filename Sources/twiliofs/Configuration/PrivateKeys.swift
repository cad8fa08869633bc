import Envelope
import TwilioAPI

/// Reading the private keys that were named on the command line.
enum PrivateKeys {
    /// Reads the keys.
    ///
    /// - Parameters:
    ///   - arguments: `[voice:|video:][CR…=]FILE` each.
    ///   - passphraseFile: a file with the passphrase of those that are encrypted; without it, it is asked for.
    static func load(_ arguments: [String], passphraseFile: String?) throws(Failure) -> KeyRing {
        var entries: [KeyRing.Entry] = []
        for argument in arguments {
            let (use, sid, path) = split(argument)
            let key = try load(path, passphraseFile: passphraseFile)
            entries.append(KeyRing.Entry(publicKeySID: sid, use: use, name: path, key: key))
        }
        return KeyRing(entries)
    }

    /// Splits `[voice:|video:][CR…=]FILE`; anything else is a file, be there a colon or an equals sign in its name.
    static func split(_ argument: String) -> (use: KeyRing.Use?, sid: String?, path: String) {
        var rest = argument[...]
        let use = KeyRing.Use.allCases.first { rest.hasPrefix("\($0.rawValue):") }
        if let use { rest = rest.dropFirst(use.rawValue.count + 1) }
        let parts = rest.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let sid = SID(parts[0]), sid.prefix == "CR" else { return (use, nil, String(rest)) }
        return (use, sid.description, String(parts[1]))
    }

    private static func load(_ path: String, passphraseFile: String?) throws(Failure) -> PrivateKey {
        let pem = try SecretFile.contents(path, what: "private key", status: .privateKey)
        var passphrase: SecretBytes?
        if PrivateKey.needsPassphrase(pem: pem) {
            if let passphraseFile {
                passphrase = try SecretFile.firstLine(passphraseFile, what: "passphrase", status: .passphrase)
            } else if let typed = try Terminal.askForSecret("Passphrase of \(path): ", status: .passphrase) {
                passphrase = typed
            } else {
                throw Failure(
                    .passphrase,
                    "the private key '\(path)' is encrypted: give its passphrase with --key-passphrase-file")
            }
        }
        do throws(EnvelopeError) {
            return try PrivateKey(pem: pem, passphrase: passphrase)
        } catch {
            let status: Failure.Status =
                error.code == .wrongPassphrase || error.code == .passphraseRequired ? .passphrase : .privateKey
            throw Failure(status, "the private key '\(path)' can't be used: \(error.message)")
        }
    }
}
