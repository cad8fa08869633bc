import Envelope

/// What the key process answers.
///
/// Each file is answered with any number of warnings, then with its keys or a failure; the confinement with what was
/// reached; each call with one answer, in any order.
enum KeyResponse: Sendable {
    /// A sentence about a file.
    case warning(String)
    /// A file can't be used: the program's exit status and the sentence.
    case failure(status: Int32, String)
    /// The keys of a file, and the SID of a public key that stands alone in a line of it.
    case keys([KeyDescription], publicKeySID: String?)
    /// The process is confined.
    case confined(KeyConfinement)
    /// A content key.
    case unwrapped(call: UInt32, ContentEncryptionKey)
    /// The private key doesn't fit or mustn't be used; which of these, isn't told.
    case refused(call: UInt32)
    /// OAEP has proved that the private key fits, but there is no content key.
    case malformed(call: UInt32, KeyUnwrapping.MalformedKey)
    /// A signature.
    case signed(call: UInt32, [UInt8])
    /// Something failed that depends on neither key nor envelope.
    case failed(call: UInt32, String)

    private enum Kind: UInt8 {
        case warning = 1
        case failure, keys, confined, unwrapped, refused, malformed, signed, failed
    }

    /// The longest sentence in bytes, which leaves room for the other fields.
    private static let longestSentence = KeyRequest.largestSize - 64
    /// The size of a fingerprint in hexadecimal digits.
    private static let fingerprintSize = 2 * SHA256.size

    /// Writes the message; returns its size.
    func write(to memory: UnsafeMutableRawBufferPointer) throws(MessageError) -> Int {
        var writer = MessageWriter(memory)
        switch self {
        case .warning(let sentence):
            try writer.number(Kind.warning.rawValue)
            try writer.text(Self.shortened(sentence))
        case .failure(let status, let sentence):
            try writer.number(Kind.failure.rawValue)
            try writer.number(status)
            try writer.text(Self.shortened(sentence))
        case .keys(let keys, let sid):
            try writer.number(Kind.keys.rawValue)
            try writer.optionalText(sid)
            guard let count = UInt8(exactly: keys.count) else { throw .tooLong }
            try writer.number(count)
            for key in keys {
                try writer.number(key.number)
                guard key.fingerprint.utf8.count == Self.fingerprintSize else { throw .invalid }
                try writer.bytes(Array(key.fingerprint.utf8))
            }
        case .confined(let confinement):
            try writer.number(Kind.confined.rawValue)
            try writer.flag(confinement.isMemoryLocked)
            try writer.flag(confinement.isFiltered)
        case .unwrapped(let call, let key):
            try writer.number(Kind.unwrapped.rawValue)
            try writer.number(call)
            try key.withUnsafeBytes { (bytes) throws(MessageError) in try writer.bytes(bytes) }
        case .refused(let call):
            try writer.number(Kind.refused.rawValue)
            try writer.number(call)
        case .malformed(let call, let key):
            try writer.number(Kind.malformed.rawValue)
            try writer.number(call)
            switch key {
            case .otherCipher: try writer.flag(true)
            case .length(let count):
                try writer.flag(false)
                try writer.number(UInt16(clamping: count))
            }
        case .signed(let call, let signature):
            try writer.number(Kind.signed.rawValue)
            try writer.number(call)
            try writer.countedBytes(signature)
        case .failed(let call, let sentence):
            try writer.number(Kind.failed.rawValue)
            try writer.number(call)
            try writer.text(Self.shortened(sentence))
        }
        return writer.count
    }

    /// Reads a message; a content key goes into memory of its own that is wiped.
    init(_ bytes: UnsafeRawBufferPointer) throws(MessageError) {
        var reader = MessageReader(bytes)
        guard let kind = Kind(rawValue: try reader.number()) else { throw .invalid }
        switch kind {
        case .warning: self = .warning(try reader.text())
        case .failure: self = .failure(status: try reader.number(), try reader.text())
        case .keys:
            let sid = try reader.optionalText()
            var keys: [KeyDescription] = []
            for _ in 0..<(try reader.number(UInt8.self)) {
                let number = try reader.number(UInt32.self)
                let digits = try reader.bytes(Self.fingerprintSize)
                let isHexadecimal = digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
                guard isHexadecimal else { throw .invalid }
                keys.append(KeyDescription(number: number, fingerprint: String(decoding: digits, as: UTF8.self)))
            }
            self = .keys(keys, publicKeySID: sid)
        case .confined:
            self = .confined(KeyConfinement(isMemoryLocked: try reader.flag(), isFiltered: try reader.flag()))
        case .unwrapped:
            let call = try reader.number(UInt32.self)
            let secret = try reader.bytes(ContentEncryptionKey.size) { SecretBytes($0) }
            do throws(EnvelopeError) {
                self = .unwrapped(call: call, try ContentEncryptionKey(secret))
            } catch {
                throw .invalid
            }
        case .refused: self = .refused(call: try reader.number())
        case .malformed:
            let call = try reader.number(UInt32.self)
            let isOther = try reader.flag()
            self = .malformed(call: call, isOther ? .otherCipher : .length(Int(try reader.number(UInt16.self))))
        case .signed: self = .signed(call: try reader.number(), try reader.countedBytes())
        case .failed: self = .failed(call: try reader.number(), try reader.text())
        }
        try reader.end()
    }

    /// A sentence that fits into a message.
    private static func shortened(_ sentence: String) -> String {
        guard sentence.utf8.count > longestSentence else { return sentence }
        return String(decoding: sentence.utf8.prefix(longestSentence - 3), as: UTF8.self)
            .replacingLastInvalid() + "…"
    }
}

extension String {
    /// The text without the replacement character in which a cut character ends.
    fileprivate func replacingLastInvalid() -> String { last == "\u{FFFD}" ? String(dropLast()) : self }
}
