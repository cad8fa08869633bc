import TwilioAPI

/// The 32 digits of a SID as stored in the catalog: 16 bytes, in the order of the written form.
///
/// The letters follow from the column and the kind.
struct SIDDigits: Hashable {
    let high: UInt64
    let low: UInt64
}

extension SIDDigits {
    init(_ sid: SID) {
        high = sid.high
        low = sid.low
    }

    init(bigEndian bytes: (UInt64, UInt64)) {
        high = UInt64(bigEndian: bytes.0)
        low = UInt64(bigEndian: bytes.1)
    }

    var bigEndian: (UInt64, UInt64) { (high.bigEndian, low.bigEndian) }
}

extension SID {
    init(_ digits: SIDDigits, of kind: MediaKind) {
        self.init(kind.sidLetters, high: digits.high, low: digits.low)
    }

    /// The SID of a recording's call or room.
    init(group digits: SIDDigits, of kind: MediaKind) {
        self.init(kind.groupLetters, high: digits.high, low: digits.low)
    }

    init(call digits: SIDDigits) { self.init(.call, high: digits.high, low: digits.low) }

    init(conference digits: SIDDigits) { self.init(.conference, high: digits.high, low: digits.low) }
}
