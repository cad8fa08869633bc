import Envelope
import Glibc
import Support
import TwilioAPI

/// Reads the private keys that the command line names.
struct PrivateKeys {
    let secrets: SecretReader
    /// The file with the passphrase of encrypted private keys; without it, the program asks on the terminal.
    let passphraseFile: String?
    /// Whether the terminal may be asked for a passphrase.
    let mayAsk: Bool
    /// The passphrase, read only once, since a pipe can't be read again.
    private var passphrase: SecretBytes?

    init(secrets: SecretReader, passphraseFile: String?, mayAsk: Bool = true) {
        self.secrets = secrets
        self.passphraseFile = passphraseFile
        self.mayAsk = mayAsk
    }

    /// Reads keys again, while the mount is running: it knows no passphrase yet.
    ///
    /// The process has left its working directory by then, and its terminal belongs to nobody.
    var later: PrivateKeys {
        let passphraseFile = passphraseFile.map { CacheFolder.absolute(secrets.file(named: $0)) }
        return PrivateKeys(secrets: secrets.later, passphraseFile: passphraseFile, mayAsk: false)
    }

    /// Reads the private keys of arguments of the form `[voice:|video:][CR…=]FILE`.
    ///
    /// A file may hold several private keys. If its argument has a SID, all of them are tied to this SID.
    mutating func load(_ arguments: [String]) throws(Failure) -> KeyRing {
        var entries: [KeyRing.Entry] = []
        for argument in arguments { entries += try self.entries(of: argument) }
        return KeyRing(entries)
    }

    /// Reads the keys of one argument.
    mutating func entries(of argument: String) throws(Failure) -> [KeyRing.Entry] {
        try checkForm(of: argument)
        let (use, sid, given) = Self.split(argument)
        let path = secrets.file(named: given)
        let what = "private key"
        let contents = try secrets.contents(path, what: what, status: .privateKey)
        return try keys(in: contents, of: path, what: what).map { name, key in
            KeyRing.Entry(publicKeySID: sid, use: use, name: name, key: key)
        }
    }

    /// Refuses an argument whose file doesn't exist if its form shows why.
    func checkForm(of argument: String) throws(Failure) {
        let (_, sid, given) = Self.split(argument)
        let path = secrets.file(named: given)
        if access(path, F_OK) != 0, errno == ENOENT, let mistake = Self.mistake(in: path, isTied: sid != nil) {
            throw Failure(
                .privateKey, "there is no private key '\(path)': \(mistake); the form is [voice:|video:][CR…=]FILE")
        }
    }

    /// Reads the keys in a file's contents, at least one, with their names in messages.
    ///
    /// - Parameter what: What a key is in messages.
    mutating func keys(
        in contents: SecretBytes, of path: String, what: String
    ) throws(Failure) -> [(name: String, key: PrivateKey)] {
        let sections = PrivateKey.sections(ofPEM: contents)
        var keys: [(name: String, key: PrivateKey)] = []
        for (index, section) in sections.enumerated() {
            let name = sections.count == 1 ? path : "\(path) (key \(index + 1))"
            keys.append((name, try key(section, name, of: path, what: what)))
        }
        // A typed passphrase is used for this file only.
        if passphraseFile == nil { passphrase = nil }
        return keys
    }

    /// Splits an argument of the form `[voice:|video:][CR…=]FILE`.
    ///
    /// The path is everything after these prefixes; it may contain colons and equals signs.
    static func split(_ argument: String) -> (use: KeyRing.Use?, sid: String?, path: String) {
        var rest = argument[...]
        let use = KeyRing.Use.allCases.first { rest.hasPrefix("\($0.rawValue):") }
        if let use { rest = rest.dropFirst(use.rawValue.count + 1) }
        let parts = rest.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let sid = SID(parts[0]), sid.prefix == "CR" else { return (use, nil, String(rest)) }
        return (use, sid.description, String(parts[1]))
    }

    /// The probable mistake in an argument whose file doesn't exist; nil if none is evident.
    ///
    /// - Parameter isTied: Whether a SID precedes the path.
    private static func mistake(in path: String, isTied: Bool) -> String? {
        guard let separator = path.firstIndex(where: { $0 == "=" || $0 == ":" }) else { return nil }
        let word = path[..<separator]
        guard !word.isEmpty, word.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else { return nil }
        let isColon = path[separator] == ":"
        if KeyRing.Use(rawValue: String(word)) != nil {
            if !isColon { return "'\(word)' is followed by ':', not by '='" }
            return isTied ? "'\(word):' goes before the SID" : "'\(word):' is given once"
        }
        if SID(word)?.prefix == "CR" { return isColon ? "a SID is followed by '=', not by ':'" : "a SID is given once" }
        return isColon
            ? "'\(word)' is neither 'voice' nor 'video'"
            : "'\(word)' isn't the SID of a public key, which is CR and 32 hexadecimal digits in lower case"
    }

    private mutating func key(
        _ pem: SecretBytes, _ name: String, of path: String, what: String
    ) throws(Failure) -> PrivateKey {
        let passphrase = PrivateKey.needsPassphrase(pem: pem) ? try passphrase(for: path, what: what) : nil
        do throws(EnvelopeError) {
            return try PrivateKey(pem: pem, passphrase: passphrase)
        } catch {
            // Blanks around the passphrase may belong to it or not, so it is tried with them, then without.
            if error.code == .wrongPassphrase, let shorter = passphrase?.withoutBlanksAround,
                let key = try? PrivateKey(pem: pem, passphrase: shorter)
            {
                return key
            }
            let status: FailureStatus =
                error.code == .wrongPassphrase || error.code == .passphraseRequired ? .passphrase : .privateKey
            throw Failure(status, "the \(what) '\(name)' can't be used: \(error.message)")
        }
    }

    private mutating func passphrase(for path: String, what: String) throws(Failure) -> SecretBytes {
        if let passphrase { return passphrase }
        let read: SecretBytes
        if let passphraseFile {
            read = try secrets.firstLine(passphraseFile, what: "passphrase", status: .passphrase)
        } else if mayAsk, let typed = try Terminal.askForSecret("Passphrase of \(path): ", status: .passphrase) {
            read = typed
        } else {
            throw Failure(
                .passphrase, "the \(what) '\(path)' is encrypted: give its passphrase with --key-passphrase-file")
        }
        passphrase = read
        return read
    }
}

extension SecretBytes {
    /// The bytes without the spaces and tabs around them; nil if there are none to remove, or no other bytes.
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
