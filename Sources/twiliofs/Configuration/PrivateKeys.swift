import Envelope
import Glibc
import Support
import TwilioAPI

/// Reads the private keys that were named on the command line.
struct PrivateKeys {
    let secrets: SecretReader

    /// A file with the passphrase of those that are encrypted; without it, it is asked for.
    let passphraseFile: String?

    /// Read once: a pipe gives its contents only once.
    private var passphrase: SecretBytes?

    init(secrets: SecretReader, passphraseFile: String?) {
        self.secrets = secrets
        self.passphraseFile = passphraseFile
    }

    /// Reads the keys; a file may hold several, and all of them are candidates for the file's SID.
    ///
    /// - Parameter arguments: `[voice:|video:][CR…=]FILE` each.
    mutating func load(_ arguments: [String]) throws(Failure) -> KeyRing {
        var entries: [KeyRing.Entry] = []
        for argument in arguments {
            let (use, sid, path) = Self.split(argument)
            if access(path, F_OK) != 0, errno == ENOENT, let mistake = Self.mistake(in: path, isTied: sid != nil) {
                throw Failure(
                    .privateKey,
                    "there is no private key '\(path)': \(mistake); the form is [voice:|video:][CR…=]FILE")
            }
            let sections = PrivateKey.sections(
                ofPEM: try secrets.contents(path, what: "private key", status: .privateKey))
            for (index, section) in sections.enumerated() {
                let name = sections.count == 1 ? path : "\(path) (key \(index + 1))"
                entries.append(
                    KeyRing.Entry(publicKeySID: sid, use: use, name: name, key: try key(section, name, of: path)))
            }
            // Typed for this file; another may have another.
            if passphraseFile == nil { passphrase = nil }
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

    /// Says what may be wrong with an argument whose file doesn't exist; nil when it looks like nothing but a file.
    ///
    /// - Parameters:
    ///   - path: what was taken for the file.
    ///   - isTied: whether a SID was found before it.
    private static func mistake(in path: String, isTied: Bool) -> String? {
        guard let separator = path.firstIndex(where: { $0 == "=" || $0 == ":" }) else { return nil }
        let word = path[..<separator]
        guard !word.isEmpty, word.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else { return nil }
        let isColon = path[separator] == ":"
        if KeyRing.Use(rawValue: String(word)) != nil {
            if !isColon { return "'\(word)' is followed by ':', not by '='" }
            return isTied ? "'\(word):' goes before the SID" : "'\(word):' is given once"
        }
        if SID(word)?.prefix == "CR" {
            return isColon ? "a SID is followed by '=', not by ':'" : "a SID is given once"
        }
        return isColon
            ? "'\(word)' is neither 'voice' nor 'video'"
            : "'\(word)' isn't the SID of a public key, which is CR and 32 hexadecimal digits in lower case"
    }

    private mutating func key(_ pem: SecretBytes, _ name: String, of path: String) throws(Failure) -> PrivateKey {
        let passphrase = PrivateKey.needsPassphrase(pem: pem) ? try passphrase(for: path) : nil
        do throws(EnvelopeError) {
            return try PrivateKey(pem: pem, passphrase: passphrase)
        } catch {
            // Blanks can belong to a passphrase, or have got around it.
            if error.code == .wrongPassphrase, let shorter = passphrase?.withoutBlanksAround,
                let key = try? PrivateKey(pem: pem, passphrase: shorter)
            {
                return key
            }
            let status: FailureStatus =
                error.code == .wrongPassphrase || error.code == .passphraseRequired ? .passphrase : .privateKey
            throw Failure(status, "the private key '\(name)' can't be used: \(error.message)")
        }
    }

    private mutating func passphrase(for path: String) throws(Failure) -> SecretBytes {
        if let passphrase { return passphrase }
        let read: SecretBytes
        if let passphraseFile {
            read = try secrets.firstLine(passphraseFile, what: "passphrase", status: .passphrase)
        } else if let typed = try Terminal.askForSecret("Passphrase of \(path): ", status: .passphrase) {
            read = typed
        } else {
            throw Failure(
                .passphrase, "the private key '\(path)' is encrypted: give its passphrase with --key-passphrase-file")
        }
        passphrase = read
        return read
    }
}

extension SecretBytes {
    /// The bytes without ASCII blanks around them; nil when there are none around them.
    fileprivate var withoutBlanksAround: SecretBytes? {
        withUnsafeBytes { bytes in
            let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
            guard let first = bytes.firstIndex(where: { !isBlank($0) }),
                let last = bytes.lastIndex(where: { !isBlank($0) }), last - first + 1 < bytes.count
            else { return nil }
            return SecretBytes(bytes[first...last])
        }
    }
}
