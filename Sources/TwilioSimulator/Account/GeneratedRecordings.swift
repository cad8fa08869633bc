/// Is a long run of voice recordings that exist only as a formula.
///
/// Number 0 is the newest. Everything about a recording follows from its number and back, so that a page in the middle
/// of a million costs what the first page costs. A few content keys are shared by all of them, because wrapping one for
/// each resource of a page would be the slowest part of listing; `GeneratedEnvelopes` says which are listed.
struct GeneratedRecordings: Sendable {
    /// How many there are.
    let count: Int
    /// Their numbers in no order of time.
    let shuffled: ShuffledNumbers
    private let newest: Instant
    private let envelopes: GeneratedEnvelopes
    private let secrets: [SealSecrets]
    /// The content keys, which the recordings share.
    var contentKeys: [[UInt8]] { secrets.map(\.contentKey) }
    /// Their wrapped keys as base64.
    private let secretsText: [[UInt8]]
    /// The size of a wrapped key in bytes.
    let wrappedKeySize: Int
    private static let secondsApart = 60
    private static let base64Alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// The two digits of 12 bits, the first one in the low byte.
    private static let base64Pairs = (0..<4096).map { bits in
        UInt16(base64Alphabet[bits & 63]) | UInt16(base64Alphabet[bits >> 6]) << 8
    }

    /// Makes the run; it ends at `newest` and goes back a minute per recording.
    init(
        count: Int, newest: Instant, publicKeySID: String, key: RecipientKey, envelopes: GeneratedEnvelopes = .shared
    ) throws(SimulatorError) {
        self.count = count
        self.newest = newest
        self.envelopes = envelopes
        shuffled = ShuffledNumbers(count: count)
        var secrets: [SealSecrets] = []
        for number in 0..<(count > 0 ? 16 : 0) {
            secrets.append(
                try SealSecrets(
                    publicKeySID: publicKeySID, key: key,
                    contentKey: Digest.of("generated content key \(number)".utf8)))
        }
        self.secrets = secrets
        secretsText = secrets.map { base64Digits($0.wrappedKey(.oaepSHA256)) }
        wrappedKeySize = secrets.first?.wrappedKey(.oaepSHA256).count ?? 0
    }

    /// Gives the place of a recording in the list.
    func position(_ number: Int) -> Position {
        Position(created: created(number), sid: Self.sid(number, prefix: "RE"))
    }

    /// Gives the moment at which a recording was made.
    func created(_ number: Int) -> Instant {
        newest.advanced(by: -number * Self.secondsApart)
    }

    /// Gives the numbers of the recordings that were created in `interval`.
    func numbers(createdIn interval: Range<Instant>) -> Range<Int> {
        // The first number that was created before `moment`.
        func first(before moment: Instant) -> Int {
            let age = newest.seconds - moment.seconds
            let number = age < 0 ? 0 : age / Self.secondsApart + 1
            return min(number, count)
        }
        let start = first(before: interval.upperBound)
        // Number n was created at or after `lowerBound` as long as n < end.
        let end = first(before: interval.lowerBound)
        return start < end ? start..<end : 0..<0
    }

    /// Gives the number of the recording with a SID, or with a call SID, nil when there is none.
    func number(ofSID sid: String) -> Int? {
        let digits = sid.dropFirst(2)
        guard digits.count == 32, let high = UInt64(digits.prefix(16), radix: 16),
            let low = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        let number = low ^ scrambled(high)
        guard number < UInt64(count), high == scrambled(number) else { return nil }
        return Int(number)
    }

    /// Makes the SID with a given prefix that belongs to a recording.
    static func sid(_ number: Int, prefix: String) -> String {
        prefix + String(decoding: digits(number), as: UTF8.self)
    }

    /// Makes the digits of a recording's SID: the first 16 are scrambled from the number, and the last are the number
    /// hidden with them.
    static func digits(_ number: Int) -> [UInt8] {
        let high = scrambled(UInt64(number))
        return hexadecimalDigits(high) + hexadecimalDigits(UInt64(number) ^ scrambled(high))
    }

    /// Makes a recording as a resource with its media.
    func resource(_ number: Int) -> StoredResource {
        let place = position(number)
        let media = OriginalMedia(
            content: .generated(number: number), size: GeneratedContent.size(number), digests: nil,
            seconds: GeneratedContent.seconds(number), channels: 1,
            seal: SealSecrets(
                sharing: secrets[number % secrets.count], listed: bytes(ofBase64Digits: listedKey(number)),
                iv: bytes(ofBase64Digits: iv(number))))
        return StoredResource(
            kind: .recording, sid: place.sid, name: "generated-\(number)", created: place.created,
            status: "completed", media: media, fields: [:])
    }

    /// Gives the wrapped content key that a recording's resource lists, as base64.
    func listedKey(_ number: Int) -> [UInt8] {
        switch envelopes {
        case .shared: secretsText[number % secretsText.count]
        case .random: Self.noise(number, bytes: wrappedKeySize)
        }
    }

    /// Gives a recording's IV as base64: 12 bytes, never the same for two that share a content key.
    func iv(_ number: Int) -> [UInt8] {
        switch envelopes {
        case .shared: base64Digits((0..<12).map { $0 < 8 ? UInt8(truncatingIfNeeded: number >> (8 * $0)) : 0 })
        // Another place in the noise than the wrapped key has.
        case .random: Self.noise(~number, bytes: 12)
        }
    }

    /// Makes the base64 of bytes that look random and follow from a number.
    ///
    /// It is made as text, because turning as many bytes into text takes longer than all else of a resource.
    private static func noise(_ number: Int, bytes count: Int) -> [UInt8] {
        let padding = (3 - count % 3) % 3
        let digitCount = (count + 2) / 3 * 4 - padding
        // Ten digits of 64 bits at a time; those beyond the end are cut off.
        var text = [UInt8](unsafeUninitializedCapacity: digitCount + 9) { text, count in
            var state = scrambled(UInt64(bitPattern: Int64(number)))
            base64Pairs.withUnsafeBufferPointer { pairs in
                while count < digitCount {
                    state = scrambled(state)
                    var bits = state
                    for _ in 0..<5 {
                        let pair = pairs[Int(bits & 4095)]
                        text.initializeElement(at: count, to: UInt8(truncatingIfNeeded: pair))
                        text.initializeElement(at: count + 1, to: UInt8(truncatingIfNeeded: pair >> 8))
                        count += 2
                        bits >>= 12
                    }
                }
            }
        }
        text.removeLast(text.count - digitCount)
        // The last digit has two bits less for each that padding stands for: it is A, Q, g or w.
        if padding > 0 {
            let last = base64Alphabet.firstIndex(of: text[digitCount - 1]) ?? 0
            text[digitCount - 1] = base64Alphabet[(last >> (2 * padding)) << (2 * padding)]
            text += repeatElement(UInt8(ascii: "="), count: padding)
        }
        return text
    }
}
