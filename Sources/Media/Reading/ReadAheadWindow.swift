/// How far ahead of one reader bytes are fetched: a state machine without I/O.
///
/// The first read of a place fetches little, so that it is answered fast and a seek costs little. While the reader goes on
/// from there the window doubles; elsewhere it starts small again. Offsets are of the ciphertext's content.
struct ReadAheadWindow {
    /// What a first read fetches at least: two of the kernel's reads.
    static let minimum: Int64 = 256 << 10

    /// What the window grows to: enough to keep a link of 100 ms and 80 MB/s busy.
    static let maximum: Int64 = 8 << 20

    /// The kernel's own read-ahead sends several reads at once, and worker threads may pass each other: a read this far
    /// before or behind the expected place still goes on from there.
    static let tolerance: Int64 = 512 << 10

    private var size = Self.minimum

    /// The end of the furthest read since the reader began at this place; nil before the first read.
    private var reached: Int64?

    /// Bytes read since the window last grew.
    private var progress: Int64 = 0

    /// Takes note of a read and tells which bytes should be on their way.
    ///
    /// - Parameter limit: bytes that the file may keep in memory; half of it may be ahead of the reader.
    mutating func advance(_ read: Range<Int64>, limit: Int64) -> Range<Int64> {
        if let reached, abs(read.lowerBound - reached) <= Self.tolerance {
            let gained = max(0, read.upperBound - reached)
            progress += gained
            if progress >= size / 2 {
                size = max(Self.minimum, min(size * 2, Self.maximum, limit / 2))
                progress = 0
            }
            self.reached = max(reached, read.upperBound)
            return read.lowerBound..<max(read.upperBound, reached) + size
        }
        size = Self.minimum
        progress = 0
        reached = read.upperBound
        return read.lowerBound..<max(read.upperBound, read.lowerBound + size)
    }
}
