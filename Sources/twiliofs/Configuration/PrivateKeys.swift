import Envelope
import Glibc
import KeyProcess
import Support
import TwilioAPI

/// Reads the private keys that the command line names, in this process or by a process that holds them.
struct PrivateKeys {
    /// Which process reads and holds the keys.
    enum Holder: Sendable {
        /// The key process itself.
        case thisProcess
        /// A key process that has been started.
        case process(KeyProcess)
        /// A new key process for each file.
        case newProcess(KeyProcesses)
    }

    private(set) var secrets: SecretReader
    /// The file with the passphrase of encrypted private keys; without it, the program asks on the terminal.
    let passphraseFile: String?
    /// Whether the terminal may be asked for a passphrase.
    let mayAsk: Bool
    /// Which process reads and holds the keys.
    private let holder: Holder
    /// Starts the processes for files that are read again.
    private let processes: KeyProcesses?
    /// The passphrase, read only once, since a pipe can't be read again.
    private var passphrase: SecretBytes?

    /// Reads keys into this process.
    init(secrets: SecretReader, passphraseFile: String?, mayAsk: Bool = true) {
        self.init(secrets: secrets, passphraseFile: passphraseFile, mayAsk: mayAsk, holder: .thisProcess, nil)
    }

    /// Has keys read by a key process, and later by others.
    init(secrets: SecretReader, passphraseFile: String?, by process: KeyProcess, later processes: KeyProcesses) {
        self.init(
            secrets: secrets, passphraseFile: passphraseFile, mayAsk: true, holder: .process(process), processes)
    }

    private init(
        secrets: SecretReader, passphraseFile: String?, mayAsk: Bool, holder: Holder, _ processes: KeyProcesses?
    ) {
        self.secrets = secrets
        self.passphraseFile = passphraseFile
        self.mayAsk = mayAsk
        self.holder = holder
        self.processes = processes
    }

    /// Reads keys again, while the mount is running: it knows no passphrase yet.
    ///
    /// The process has left its working directory by then, and its terminal belongs to nobody.
    var later: PrivateKeys {
        let passphraseFile = passphraseFile.map { CacheFolder.absolute(secrets.file(named: $0)) }
        return PrivateKeys(
            secrets: secrets.later, passphraseFile: passphraseFile, mayAsk: false,
            holder: processes.map { .newProcess($0) } ?? .thisProcess, processes)
    }

    /// How a key process is to read files.
    var settings: ReadingSettings {
        ReadingSettings(
            isStrict: secrets.isStrict, isFirstTime: mayAsk, credentialsFolder: secrets.credentialsFolder,
            passphraseFile: passphraseFile)
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
        let purpose = KeyFileRequest.Purpose.unwrapping(use: use, publicKeySID: sid)
        let keys = try contents(of: path, what: "private key", for: purpose).keys
        return keys.enumerated().map { index, key in
            KeyRing.Entry(publicKeySID: sid, use: use, name: Self.name(index, of: keys.count, in: path), key: key)
        }
    }

    /// Reads a file, or has it read.
    ///
    /// - Parameter what: What a key is in messages.
    mutating func contents(
        of path: String, what: String, for purpose: KeyFileRequest.Purpose
    ) throws(Failure) -> KeyProcesses.Contents {
        switch holder {
        case .thisProcess:
            let read = try localContents(of: path, what: what)
            return (read.keys, read.publicKeySID)
        case .process(let process):
            return try Failure.ofKeyProcess { () throws(KeyFileFailure) in
                try process.read(KeyFileRequest(path: path, purpose: purpose), warn: secrets.warn)
            }
        case .newProcess(let processes):
            return try processes.contents(reading(of: path, for: purpose), warn: secrets.warn)
        }
    }

    /// Prepares for a file that is read again while the mount is running, by ``later``.
    func expect(_ path: String, for purpose: KeyFileRequest.Purpose) {
        if case .newProcess(let processes) = later.holder { processes.expect(later.reading(of: path, for: purpose)) }
    }

    private func reading(of path: String, for purpose: KeyFileRequest.Purpose) -> KeyReading {
        KeyReading(KeyFileRequest(path: path, purpose: purpose), settings)
    }

    /// Takes the files that were opened for this process, which reads one with them.
    mutating func take(_ file: KeyFileRequest, _ settings: ReadingSettings) {
        secrets.opened = [:]
        secrets.opened[file.path] = file.opened
        if let passphraseFile = settings.passphraseFile {
            secrets.opened[passphraseFile] = settings.openedPassphraseFile
        }
    }

    /// Reads a file into this process.
    mutating func localContents(of path: String, what: String) throws(Failure) -> KeyServer.Contents {
        let contents = try secrets.contents(path, what: what, status: .privateKey)
        let keys = try keys(in: contents, of: path, what: what)
        return (keys, PublicKeyLine.sid(in: contents)?.description)
    }

    /// A key's name in messages.
    private static func name(_ index: Int, of count: Int, in path: String) -> String {
        count == 1 ? path : "\(path) (key \(index + 1))"
    }

    /// Refuses an argument whose file doesn't exist if its form shows why.
    func checkForm(of argument: String) throws(Failure) {
        let (_, sid, given) = Self.split(argument)
        let path = secrets.file(named: given)
        // Later, this process may not look for the file.
        if mayAsk, access(path, F_OK) != 0, errno == ENOENT, let mistake = Self.mistake(in: path, isTied: sid != nil) {
            throw Failure(
                .privateKey, "there is no private key '\(path)': \(mistake); the form is [voice:|video:][CR…=]FILE")
        }
    }

    /// Reads the keys in a file's contents, at least one.
    ///
    /// - Parameter what: What a key is in messages.
    private mutating func keys(
        in contents: SecretBytes, of path: String, what: String
    ) throws(Failure) -> [PrivateKey] {
        let sections = PrivateKey.sections(ofPEM: contents)
        var keys: [PrivateKey] = []
        for (index, section) in sections.enumerated() {
            let name = Self.name(index, of: sections.count, in: path)
            keys.append(try key(section, name, of: path, what: what))
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
        } else if mayAsk,
            let typed = try Terminal.askForSecret(
                "Passphrase of \(path): ", status: .passphrase, for: secrets.asker)
        {
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
