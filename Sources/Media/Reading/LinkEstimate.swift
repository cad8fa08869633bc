/// The throughput of a connection to the media server, learned from fetches.
///
/// Servers such as S3 limit each connection, and long links delay each answer. Several connections compensate for both;
/// if one is fast enough, more would compete with it.
struct LinkEstimate {
    /// The target rate in bytes per second: as much as a decrypting reader can use on a fast link.
    static let goal = 400.0 * 1_048_576

    /// The most connections per reader; measurements showed little gain beyond.
    static let maximum = 16

    /// The most bytes per fetch of a sequential reader, which take 50 ms at 80 MB/s.
    static let pieceSize: Int64 = 4 << 20

    /// The least size of a fetch that measures the rate.
    private static let shortest: Int64 = 256 << 10

    /// The seconds until the first byte and the bytes per second after it, as moving averages.
    private var delay = 0.0
    private var rate: Double?

    /// Notes a fetch, with the seconds until its first byte and from then until its last.
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

    /// The number of connections per reader.
    var connectionCount: Int {
        guard let rate else { return 2 }
        let effective = Double(Self.pieceSize) / (delay + Double(Self.pieceSize) / rate)
        return max(1, min(Self.maximum, Int((Self.goal / effective).rounded(.up))))
    }

    /// The largest read-ahead window in bytes.
    ///
    /// One piece per connection, but at most two seconds of throughput: on a slow link, more would only delay seeks.
    var largestWindow: Int64 {
        let pieces = Int64(connectionCount) * Self.pieceSize
        guard let rate else { return max(ReadAheadWindow.maximum, pieces) }
        return max(ReadAheadWindow.maximum, min(pieces, Int64(2 * rate * Double(connectionCount))))
    }
}
