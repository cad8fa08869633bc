/// Writes one moment after another as the 2010 API writes dates, anew only in what has changed.
///
/// A page has a date three times in each of a thousand resources, which are minutes apart.
struct DateText {
    /// The text, in ASCII; empty before the first moment.
    private(set) var text: [UInt8] = []
    private var startOfDay = 0
    /// The place of the clock in `Fri, 14 Oct 2016 21:56:34 +0000`.
    private static let clock = 17

    /// Writes a moment.
    mutating func write(_ moment: Instant) {
        let second = moment.seconds - startOfDay
        guard !text.isEmpty, (0..<Instant.secondsPerDay).contains(second) else {
            text = Array(moment.rfc2822.utf8)
            startOfDay = moment.startOfDay.seconds
            return
        }
        for (index, number) in [second / 3600, second / 60 % 60, second % 60].enumerated() {
            text[Self.clock + 3 * index] = UInt8(ascii: "0") + UInt8(number / 10)
            text[Self.clock + 3 * index + 1] = UInt8(ascii: "0") + UInt8(number % 10)
        }
    }
}
