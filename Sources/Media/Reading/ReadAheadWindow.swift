/// How far ahead of one reader bytes are fetched: a state machine without I/O.
///
/// The first read of a place fetches little, so that it is answered fast and a seek costs little. While the reader goes
/// on from there the window doubles; elsewhere it starts small again. Offsets are of the ciphertext's content.
struct ReadAheadWindow {
    /// What a first read fetches at least.
    static let minimum: Int64 = 256 << 10

    /// What the window grows to on a link where one connection is enough; ``LinkEstimate`` tells how much more on
    /// others.
    static let maximum: Int64 = 8 << 20

    /// Bytes that one fetch brings at least to a reader who reads on: each request costs a delay, and may cost money.
    private static let leastPiece: Int64 = 512 << 10

    /// How far a read may be before or behind the expected place and still goes on from there, in bytes, at the most.
    ///
    /// The kernel's own read-ahead sends several reads at once, and worker threads may pass each other. Of a reader who
    /// asks for little and hasn't read on yet less is tolerated: else random reads would be taken for such now and
    /// then.
    static let tolerance: Int64 = 2 << 20
    private static let leastTolerance: Int64 = 512 << 10

    /// What should be on its way.
    struct Wish: Equatable {
        /// Begins where the read begins.
        let range: Range<Int64>

        /// Bytes that one fetch should bring.
        let pieceSize: Int64

        /// Where the read is, beside the one before it.
        let step: Step
    }

    /// Where a read is, beside the one before it.
    enum Step {
        /// There was none before.
        case first

        /// It goes on from there.
        case onward

        /// It is elsewhere: what is on its way may not be wanted any more.
        case seek
    }

    private var size: Int64

    /// The end of the furthest read since the reader began at this place; nil before the first read.
    private var reached: Int64?

    /// Bytes read since the window last grew.
    private var progress: Int64 = 0

    /// Makes the window of a reader that hasn't read yet.
    ///
    /// - Parameter first: what its first read fetches, in bytes; more than the minimum for one who is known to read on.
    init(first: Int64 = Self.minimum) {
        size = max(Self.minimum, first)
    }

    /// Takes note of a read and tells which bytes should be on their way.
    ///
    /// - Parameters:
    ///   - share: bytes that the file may keep in memory; half of it may be ahead of the reader. When it shrinks, so
    ///     does the window.
    ///   - largest: what the link has use for, in bytes.
    ///   - connectionCount: over how many connections the window is to be fetched.
    mutating func advance(
        _ read: Range<Int64>, share: Int64, largest: Int64 = Self.maximum, connectionCount: Int = 1
    ) -> Wish {
        let bound = max(Self.minimum, min(largest, share / 2))
        size = min(size, bound)
        let tolerated = min(Self.tolerance, max(Self.leastTolerance, 2 * Int64(read.count), size))
        guard let reached, abs(read.lowerBound - reached) <= tolerated else {
            let isSeek = reached != nil
            if isSeek { size = Self.minimum }
            progress = 0
            reached = read.upperBound
            return Wish(
                range: read.lowerBound..<max(read.upperBound, read.lowerBound + size),
                pieceSize: pieceSize(connectionCount, least: Self.minimum), step: isSeek ? .seek : .first)
        }
        progress += max(0, read.upperBound - reached)
        if progress >= size / 2 {
            size = min(size * 2, bound)
            progress = 0
        }
        let furthest = max(read.upperBound, reached)
        self.reached = furthest
        return Wish(
            range: read.lowerBound..<(furthest + size), pieceSize: pieceSize(connectionCount, least: Self.leastPiece),
            step: .onward)
    }

    /// Takes note that there was no memory for what was wished for: the window halves.
    mutating func noteShortage() {
        size = max(Self.minimum, size / 2)
        progress = 0
    }

    private func pieceSize(_ connectionCount: Int, least: Int64) -> Int64 {
        max(least, min(size / Int64(max(1, connectionCount)), LinkEstimate.pieceSize))
    }
}
