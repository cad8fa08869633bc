import Envelope
import TwilioAPI

/// Reading the private keys that were named on the command line.
enum PrivateKeys {
    /// Reads the keys.
    ///
    /// - Parameters:
    ///   - arguments: `FILE` or `CR…=FILE` each.
    ///   - passphraseFile: a file with the passphrase of those that are encrypted; without it, it is asked for.
    static func load(_ arguments: [String], passphraseFile: String?) throws(Failure) -> KeyRing {
        var entries: [KeyRing.Entry] = []
        for argument in arguments {
            let (sid, path) = split(argument)
            let key = try load(path, passphraseFile: passphraseFile)
            entries.append(KeyRing.Entry(publicKeySID: sid, name: path, key: key))
        }
        return KeyRing(entries)
    }

    /// Splits `CR…=FILE`; anything else is a file, be there an equals sign in its name.
    private static func split(_ argument: String) -> (sid: String?, path: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let sid = SID(parts[0]), sid.prefix == "CR" else { return (nil, argument) }
        return (sid.description, String(parts[1]))
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
