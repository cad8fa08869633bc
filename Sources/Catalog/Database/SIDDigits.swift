import TwilioAPI

/// A SID's 32 digits as the catalog stores them: 16 bytes, in the order of which the written forms are.
///
/// The letters follow from the column that they stand in.
struct SIDDigits: Hashable {
    let high: UInt64
    let low: UInt64

    init(_ sid: SID) {
        high = sid.high
        low = sid.low
    }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    init(bigEndian bytes: (UInt64, UInt64)) {
        high = UInt64(bigEndian: bytes.0)
        low = UInt64(bigEndian: bytes.1)
    }

    /// The bytes as they are stored.
    var bigEndian: (UInt64, UInt64) { (high.bigEndian, low.bigEndian) }
}

extension SID {
    /// The SID of a recording.
    init(_ digits: SIDDigits, of kind: MediaKind) {
        self.init(kind.sidLetters, high: digits.high, low: digits.low)
    }

    /// The SID of what recordings of a kind belong to: a call or a room.
    init(group digits: SIDDigits, of kind: MediaKind) {
        self.init(kind.groupLetters, high: digits.high, low: digits.low)
    }
}
