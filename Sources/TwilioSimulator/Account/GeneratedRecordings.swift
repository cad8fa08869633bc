/// Is a long run of voice recordings that exist only as a formula.
///
/// Number 0 is the newest. Everything about a recording follows from its number and back, so that a page in the middle
/// of a million costs what the first page costs. A few content keys are shared by all of them, because wrapping one for
/// each resource of a page would be the slowest part of listing.
struct GeneratedRecordings: Sendable {
    /// How many there are.
    let count: Int
    private let newest: Instant
    private let secrets: [SealSecrets]
    private static let secondsApart = 60

    /// Makes the run; it ends at `newest` and goes back a minute per recording.
    init(count: Int, newest: Instant, publicKeySID: String, key: RecipientKey) throws(SimulatorError) {
        self.count = count
        self.newest = newest
        var secrets: [SealSecrets] = []
        for number in 0..<(count > 0 ? 16 : 0) {
            secrets.append(
                try SealSecrets(
                    publicKeySID: publicKeySID, key: key,
                    contentKey: Digest.of("generated content key \(number)".utf8)))
        }
        self.secrets = secrets
    }

    /// Gives the place of a recording in the list.
    func position(_ number: Int) -> Position {
        Position(created: newest.advanced(by: -number * Self.secondsApart), sid: Self.sid(number, prefix: "RE"))
    }

    /// Gives the numbers of the recordings that were created in `interval` and are listed after `place`.
    func numbers(createdIn interval: Range<Instant>, after place: Position?) -> Range<Int> {
        // The first number that was created before `moment`.
        func first(before moment: Instant) -> Int {
            let age = newest.seconds - moment.seconds
            let number = age < 0 ? 0 : age / Self.secondsApart + 1
            return min(number, count)
        }
        var start = first(before: interval.upperBound)
        if let place {
            let candidate = first(before: place.created.advanced(by: 1))
            start = max(start, candidate < count && place < position(candidate) ? candidate : candidate + 1)
        }
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
        let number = low ^ Self.scrambled(high)
        guard number < UInt64(count), high == Self.scrambled(number) else { return nil }
        return Int(number)
    }

    /// Makes the SID with a given prefix that belongs to a recording.
    ///
    /// The first 16 digits are scrambled from the number, and the last are the number hidden with them.
    static func sid(_ number: Int, prefix: String) -> String {
        let high = scrambled(UInt64(number))
        return prefix + hexadecimal(high) + hexadecimal(UInt64(number) ^ scrambled(high))
    }

    /// Makes a recording as a resource with its media.
    func resource(_ number: Int) -> StoredResource {
        let place = position(number)
        var iv = [UInt8](repeating: 0, count: 16)
        for index in 0..<8 { iv[index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
        let media = OriginalMedia(
            content: .generated(number: number), size: 44 + 16_000 * Self.seconds(number), digests: nil,
            seconds: Self.seconds(number), channels: 1,
            seal: SealSecrets(sharing: secrets[number % secrets.count], gcmIV: Array(iv.prefix(12)), cbcIV: iv))
        return StoredResource(
            kind: .recording, sid: place.sid, name: "generated-\(number)", created: place.created,
            status: "completed", media: media, fields: [:])
    }

    private static func seconds(_ number: Int) -> Int { 1 + number % 2 }

    /// Makes a recording's plaintext: one or two seconds of a saw-tooth tone whose pitch follows from the number.
    static func content(_ number: Int) -> [UInt8] {
        let samples = 8000 * seconds(number)
        var content = WaveHeader.telephone(dataSize: samples * 2)
        content.reserveCapacity(44 + samples * 2)
        var phase = UInt16(truncatingIfNeeded: number)
        let step = UInt16(truncatingIfNeeded: 500 + number % 4001)
        for _ in 0..<samples {
            content.append(UInt8(truncatingIfNeeded: phase))
            content.append(UInt8(truncatingIfNeeded: phase >> 8))
            phase &+= step
        }
        return content
    }

    /// Spreads a number over 64 bits (the output function of SplitMix64).
    private static func scrambled(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
