/// The read-ahead window of one reader: a state machine without I/O.
///
/// The first read at a position fetches little, so that it is answered fast and seeks are cheap. The window doubles
/// while reads are sequential, and starts small again after a seek. Offsets are of the content's ciphertext.
struct ReadAheadWindow {
    /// The least bytes fetched by a first read.
    static let minimum: Int64 = 256 << 10

    /// The largest window if one connection is enough; ``LinkEstimate`` allows more on other links.
    static let maximum: Int64 = 8 << 20

    /// The least bytes per fetch of a sequential reader: each request costs a delay, and may cost money.
    private static let leastPiece: Int64 = 512 << 10

    /// The largest distance from the expected offset that still counts as sequential, in bytes.
    ///
    /// The kernel's read-ahead sends several reads at once, and worker threads may reorder them. Small reads that
    /// aren't sequential yet get a lower limit, else random reads would sometimes seem sequential.
    static let tolerance: Int64 = 2 << 20
    private static let leastTolerance: Int64 = 512 << 10

    /// The bytes that should be in memory or on their way.
    struct Wish: Equatable {
        /// Begins with the read.
        let range: Range<Int64>

        /// The bytes per fetch.
        let pieceSize: Int64
        let step: Step
    }

    /// A read's relation to the previous one.
    enum Step {
        /// There was no previous one.
        case first

        /// The reader goes on sequentially.
        case onward

        /// A seek: earlier read-ahead may not be wanted any more.
        case seek
    }

    private var size: Int64

    /// The end of the furthest read since the last seek; nil before the first read.
    private var reached: Int64?

    /// Bytes read since the window grew.
    private var progress: Int64 = 0

    /// - Parameter first: the bytes fetched by the first read; more than the minimum for a sequential reader.
    init(first: Int64 = Self.minimum) { size = max(Self.minimum, first) }

    /// Notes a read; returns the bytes that should be in memory or on their way.
    ///
    /// - Parameters:
    ///   - share: the file's share of memory in bytes; the window takes at most half of it.
    ///   - largest: the largest window for the link, in bytes.
    ///   - connectionCount: the connections that fetch the window.
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

    /// Halves the window after a shortage of memory.
    mutating func noteShortage() {
        size = max(Self.minimum, size / 2)
        progress = 0
    }

    private func pieceSize(_ connectionCount: Int, least: Int64) -> Int64 {
        max(least, min(size / Int64(max(1, connectionCount)), LinkEstimate.pieceSize))
    }
}
