import Envelope

/// What the mount process asks the key process for.
///
/// First come the settings and the files, then the confinement, then everything else. No message is longer than
/// ``largestSize``.
enum KeyRequest: Hashable, Sendable {
    /// How to read files.
    case settings(ReadingSettings)
    /// Read a file.
    case read(KeyFileRequest)
    /// Read no more, give up everything that isn't needed, and begin to answer.
    case confine
    /// Unwrap a content key with a private key; `call` is the answer's number.
    case unwrap(call: UInt32, key: UInt32, WrappedKey)
    /// Sign a SHA-256 with a private key.
    case sign(call: UInt32, key: UInt32, digest: [UInt8])
    /// Forget a private key.
    case forget(key: UInt32)

    /// The size of the longest message of either direction, in bytes: a path and a sentence about it fit.
    static let largestSize = 16 << 10

    private enum Kind: UInt8 {
        case settings = 1
        case read, confine, unwrap, sign, forget
    }

    /// Writes the message; returns its size.
    func write(to memory: UnsafeMutableRawBufferPointer) throws(MessageError) -> Int {
        var writer = MessageWriter(memory)
        switch self {
        case .settings(let settings):
            try writer.number(Kind.settings.rawValue)
            try writer.flag(settings.isStrict)
            try writer.flag(settings.isFirstTime)
            try writer.optionalText(settings.credentialsFolder)
            try writer.optionalText(settings.passphraseFile)
            try writer.openedFile(settings.openedPassphraseFile)
        case .read(let file):
            try writer.number(Kind.read.rawValue)
            try writer.text(file.path)
            switch file.purpose {
            case .signing: try writer.flag(true)
            case .unwrapping(let use, let sid):
                try writer.flag(false)
                try writer.optionalText(use?.rawValue)
                try writer.optionalText(sid)
            }
            try writer.openedFile(file.opened)
        case .confine: try writer.number(Kind.confine.rawValue)
        case .unwrap(let call, let key, let wrapped):
            try writer.number(Kind.unwrap.rawValue)
            try writer.number(call)
            try writer.number(key)
            try writer.number(wrapped.wrapping.number)
            try writer.number(wrapped.cipher.number)
            try writer.optionalText(wrapped.publicKeySID)
            try writer.countedBytes(wrapped.bytes)
        case .sign(let call, let key, let digest):
            try writer.number(Kind.sign.rawValue)
            try writer.number(call)
            try writer.number(key)
            guard digest.count == SHA256.size else { throw .invalid }
            try writer.bytes(digest)
        case .forget(let key):
            try writer.number(Kind.forget.rawValue)
            try writer.number(key)
        }
        return writer.count
    }

    /// The descriptor that goes with the message.
    var descriptor: Int32? {
        let opened =
            switch self {
            case .settings(let settings): settings.openedPassphraseFile
            case .read(let file): file.opened
            case .confine, .unwrap, .sign, .forget: OpenedFile?.none
            }
        guard case .descriptor(let descriptor) = opened else { return nil }
        return descriptor
    }

    /// Reads a message.
    ///
    /// - Parameter descriptor: The descriptor that came with it.
    init(_ bytes: UnsafeRawBufferPointer, with descriptor: Int32? = nil) throws(MessageError) {
        var reader = MessageReader(bytes)
        try self.init(&reader, with: descriptor)
        try reader.end()
    }

    /// Reads a message, which something may follow.
    init(_ reader: inout MessageReader, with descriptor: Int32?) throws(MessageError) {
        guard let kind = Kind(rawValue: try reader.number()) else { throw .invalid }
        switch kind {
        case .settings:
            self = .settings(
                ReadingSettings(
                    isStrict: try reader.flag(), isFirstTime: try reader.flag(),
                    credentialsFolder: try reader.optionalText(), passphraseFile: try reader.optionalText(),
                    openedPassphraseFile: try reader.openedFile(descriptor)))
        case .read:
            let path = try reader.text()
            if try reader.flag() {
                self = .read(
                    KeyFileRequest(path: path, purpose: .signing, opened: try reader.openedFile(descriptor)))
            } else {
                let use = try reader.optionalText()
                let known = use.flatMap { KeyRing.Use(rawValue: $0) }
                guard (use == nil) == (known == nil) else { throw .invalid }
                self = .read(
                    KeyFileRequest(
                        path: path, purpose: .unwrapping(use: known, publicKeySID: try reader.optionalText()),
                        opened: try reader.openedFile(descriptor)))
            }
        case .confine: self = .confine
        case .unwrap:
            let (call, key) = (try reader.number(UInt32.self), try reader.number(UInt32.self))
            guard let wrapping = EnvelopeMetadata.KeyWrapping(number: try reader.number()),
                let cipher = EnvelopeMetadata.ContentCipher(number: try reader.number())
            else { throw .invalid }
            self = .unwrap(
                call: call, key: key,
                WrappedKey(
                    wrapping: wrapping, cipher: cipher, publicKeySID: try reader.optionalText(),
                    bytes: try reader.countedBytes()))
        case .sign:
            self = .sign(
                call: try reader.number(), key: try reader.number(), digest: try reader.bytes(SHA256.size))
        case .forget: self = .forget(key: try reader.number())
        }
        // One that no field is about would stay open.
        guard self.descriptor == descriptor else { throw .invalid }
    }
}

extension MessageWriter {
    fileprivate mutating func openedFile(_ file: OpenedFile?) throws(MessageError) {
        switch file {
        case nil: try number(UInt8(0))
        case .descriptor: try number(UInt8(1))
        case .failed(let error):
            try number(UInt8(2))
            try number(error)
        }
    }
}

extension MessageReader {
    fileprivate mutating func openedFile(_ descriptor: Int32?) throws(MessageError) -> OpenedFile? {
        switch try number(UInt8.self) {
        case 0: return nil
        case 1:
            guard let descriptor else { throw .invalid }
            return .descriptor(descriptor)
        case 2: return .failed(try number())
        default: throw .invalid
        }
    }
}

// The numbers of schemes and ciphers in messages, which never leave the machine.
extension EnvelopeMetadata.KeyWrapping {
    fileprivate var number: UInt8 {
        switch self {
        case .rsaOAEPSHA256: 1
        case .rsaOAEPSHA1KEM: 2
        case .rsaPKCS1v15: 3
        }
    }

    fileprivate init?(number: UInt8) {
        let all: [Self] = [.rsaOAEPSHA256, .rsaOAEPSHA1KEM, .rsaPKCS1v15]
        guard let wrapping = all.first(where: { $0.number == number }) else { return nil }
        self = wrapping
    }
}

extension EnvelopeMetadata.ContentCipher {
    fileprivate var number: UInt8 {
        switch self {
        case .aes256GCM: 1
        case .aes256CBC: 2
        }
    }

    fileprivate init?(number: UInt8) {
        guard let cipher = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = cipher
    }
}
