import Catalog
import TwilioAPI

/// One program's sequence of files in one order of a directory: its position, the files that follow, and those
/// prefetched.
///
/// A part of ``SequenceDetector``, which hands each access to the sequence that predicted it.
struct ReadingSequence {
    /// How many files are prefetched, at first and at most.
    ///
    /// In between, twice the length of the sequence: when it ends, no more than that was fetched in vain.
    static let depths = 4...64

    /// How many files in a row establish a sequence.
    ///
    /// One more if another file was accessed in between: among a few files, two are easily neighbours.
    private var threshold = 2

    /// How many positions early a file may be opened.
    ///
    /// Programs that work on several files at once take them in order, but not strictly.
    private static let earliness = 4

    /// Identifies the sequence; never used again.
    let number: Int
    let order: EntryOrder

    /// The last file that was accessed together with all before it.
    private(set) var current: SID

    /// The files that follow `current`, as far as they are known.
    private var upcoming: [SID] = []

    /// How many files of `upcoming` were prefetched, from its first on.
    private var prefetchedCount = 0

    /// Whether no file follows `upcoming`.
    private var isAtEnd = false

    /// The files of `upcoming` that were opened before their turn.
    private var early: Set<SID> = []

    /// Files that are open and not yet read to their end.
    private var open: Set<SID>

    /// How many files were read to their end.
    private(set) var length = 0

    /// Accesses elsewhere since the last one that belonged to this sequence.
    var idle = 0

    init(number: Int, order: EntryOrder, at sid: SID) {
        self.number = number
        self.order = order
        current = sid
        open = [sid]
    }

    /// Whether enough files were read in a row to prefetch others.
    var isEstablished: Bool { length >= threshold }

    /// Whether it has reached the end of its directory.
    var isOver: Bool { isAtEnd && upcoming.isEmpty && open.isEmpty }

    /// The files prefetched and not accessed yet.
    var prefetched: [SID] { upcoming.prefix(prefetchedCount).filter { !early.contains($0) } }

    /// Whether the sequence predicts a file to be accessed next.
    func isNext(_ sid: SID) -> Bool {
        upcoming.prefix(prefetchedCount > 0 ? Self.earliness : 1).contains(sid) && !early.contains(sid)
    }

    /// Whether a file was the last access, is open, or was opened early.
    func isAt(_ sid: SID) -> Bool { sid == current || open.contains(sid) || early.contains(sid) }

    /// Whether an access to a file skips others: it was prefetched, but isn't next.
    func skips(to sid: SID) -> Bool { upcoming.prefix(prefetchedCount).contains(sid) && !isNext(sid) }

    /// Takes in an access to a file that is next.
    mutating func advance(to sid: SID) {
        if !isEstablished, idle > 0 { threshold = 3 }
        idle = 0
        open.insert(sid)
        early.insert(sid)
        while let first = upcoming.first, early.remove(first) != nil {
            upcoming.removeFirst()
            prefetchedCount = max(0, prefetchedCount - 1)
            current = first
        }
    }

    /// Takes in that a file was read to its end; false when it isn't open in this sequence.
    mutating func finish(_ sid: SID) -> Bool {
        guard open.remove(sid) != nil else { return false }
        length += 1
        return true
    }

    /// Whether a file is open in this sequence and not yet read to its end.
    func isReading(_ sid: SID) -> Bool { open.contains(sid) }

    /// Takes in the answer to a query.
    mutating func learn(_ followers: [SID], for query: SequenceDetector.Query) {
        guard query.after == upcoming.last ?? current else { return }
        upcoming += followers
        isAtEnd = followers.count < query.count
    }

    /// The files that have to be known to go on; nil when they are.
    var query: SequenceDetector.Query? {
        let wanted = isEstablished ? Self.depths.upperBound : 1
        guard !isAtEnd, upcoming.count < (isEstablished ? depth : 1) else { return nil }
        return SequenceDetector.Query(sequence: number, after: upcoming.last ?? current, order: order, count: wanted)
    }

    /// Counts further files as prefetched, up to the present depth.
    ///
    /// - Returns: those files.
    mutating func extend() -> [SID] {
        guard isEstablished else { return [] }
        let end = min(depth, upcoming.count)
        guard end > prefetchedCount else { return [] }
        defer { prefetchedCount = end }
        return upcoming[prefetchedCount..<end].filter { !early.contains($0) }
    }

    /// Counts files as not prefetched, from the first of these on.
    mutating func takeBack(_ sids: Set<SID>) {
        prefetchedCount =
            upcoming.prefix(prefetchedCount).firstIndex { sids.contains($0) && !early.contains($0) } ?? prefetchedCount
    }

    /// How many files are to be prefetched now.
    private var depth: Int {
        min(max(2 * length, Self.depths.lowerBound), Self.depths.upperBound)
    }
}
