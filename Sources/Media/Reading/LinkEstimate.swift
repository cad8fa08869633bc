/// What a connection to the media server brings, learnt from the fetches that have ended: a value without I/O.
///
/// Servers limit each connection (S3 does), and a long link delays each answer. Both are met by fetching over several
/// connections at once; where one is fast enough, more would only be in each other's way.
struct LinkEstimate {
    /// The rate that is aimed for, in bytes per second: as much as a decrypting reader has use for on a fast link.
    static let goal = 400.0 * 1_048_576

    /// Connections for one reader at the most: on a link where they help, more have brought little.
    static let maximum = 16

    /// Bytes that one fetch brings while a reader reads on: enough to be worth a delay of 50 ms at 80 MB/s.
    static let pieceSize: Int64 = 4 << 20

    /// Shorter fetches tell of the delay, and little of the rate.
    private static let shortest: Int64 = 256 << 10

    /// Seconds until the first byte came, and bytes per second from then on, averaged with a preference for what is
    /// new.
    private var delay = 0.0
    private var rate: Double?

    /// Takes note of a fetch.
    ///
    /// - Parameters:
    ///   - delay: seconds until its first byte.
    ///   - seconds: from then until its last.
    mutating func note(byteCount: Int64, delay: Double, seconds: Double) {
        guard byteCount >= Self.shortest, delay >= 0, seconds >= 0 else { return }
        let rate = Double(byteCount) / max(seconds, 1e-6)
        guard let known = self.rate else {
            self.rate = rate
            self.delay = delay
            return
        }
        self.rate = known + (rate - known) / 4
        self.delay += (delay - self.delay) / 4
    }

    /// Connections that a reader should have at work.
    var connectionCount: Int {
        guard let rate else { return 2 }
        let effective = Double(Self.pieceSize) / (delay + Double(Self.pieceSize) / rate)
        return max(1, min(Self.maximum, Int((Self.goal / effective).rounded(.up))))
    }

    /// What a reader may have ahead of it, in bytes.
    ///
    /// A piece for each connection, and never more than the link brings in two seconds: on a slow one, what is on its
    /// way would only delay the next seek.
    var largestWindow: Int64 {
        let pieces = Int64(connectionCount) * Self.pieceSize
        guard let rate else { return max(ReadAheadWindow.maximum, pieces) }
        return max(ReadAheadWindow.maximum, min(pieces, Int64(2 * rate * Double(connectionCount))))
    }
}
