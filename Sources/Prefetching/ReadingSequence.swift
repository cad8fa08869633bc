import Catalog
import TwilioAPI

/// A sequence of files that a program accesses in one order of a directory, with predictions of the next files.
struct ReadingSequence {
    /// The least and the greatest number of prefetched files; in between, twice the length of the sequence.
    static let depths = 4...64

    /// The number of files in a row that establishes a sequence; three after an access elsewhere: two may be chance.
    private var threshold = 2

    /// The number of next files that count as predicted, once files were prefetched.
    ///
    /// Programs that read several files at once keep no strict order.
    private static let earliness = 4

    /// The sequence's number; never reused.
    let number: Int
    let order: EntryOrder

    /// The last file up to which every file was accessed.
    private(set) var current: SID

    /// The known files after `current`.
    private var upcoming: [SID] = []

    /// The number of files of `upcoming`, from the first on, that were prefetched.
    private var prefetchedCount = 0

    /// Whether `upcoming` ends with the last file to prefetch.
    private var isAtEnd = false

    /// The files of `upcoming` that were accessed early.
    private var early: Set<SID> = []

    /// The accessed files that weren't read to their end.
    private var open: Set<SID>

    /// The number of files read to their end.
    private(set) var length = 0

    /// Accesses elsewhere since the sequence last advanced.
    var idle = 0

    init(number: Int, order: EntryOrder, at sid: SID) {
        self.number = number
        self.order = order
        current = sid
        open = [sid]
    }

    /// Whether enough files were read in a row to prefetch more.
    var isEstablished: Bool { length >= threshold }

    /// Whether the sequence has reached its end.
    var isOver: Bool { isAtEnd && upcoming.isEmpty && open.isEmpty }

    /// The files prefetched but not accessed.
    var prefetched: [SID] { upcoming.prefix(prefetchedCount).filter { !early.contains($0) } }

    /// Whether the sequence predicts a file to be accessed next.
    func isNext(_ sid: SID) -> Bool {
        upcoming.prefix(prefetchedCount > 0 ? Self.earliness : 1).contains(sid) && !early.contains(sid)
    }

    /// Whether a file is `current`, is open, or was accessed early.
    func isAt(_ sid: SID) -> Bool { sid == current || open.contains(sid) || early.contains(sid) }

    /// Whether an access to a file skips prefetched ones.
    func skips(to sid: SID) -> Bool { upcoming.prefix(prefetchedCount).contains(sid) && !isNext(sid) }

    /// Notes an access to a predicted file.
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

    /// Notes that a file was read to its end; false if it isn't open here.
    mutating func finish(_ sid: SID) -> Bool {
        guard open.remove(sid) != nil else { return false }
        length += 1
        return true
    }

    /// Whether a file is open and not read to its end.
    func isReading(_ sid: SID) -> Bool { open.contains(sid) }

    /// Notes the answer to a query.
    mutating func learn(_ followers: [SID], for query: SequenceDetector.Query) {
        guard query.after == upcoming.last ?? current else { return }
        upcoming += followers
        isAtEnd = followers.count < query.count
    }

    /// The query for further files; nil if none are needed.
    var query: SequenceDetector.Query? {
        let wanted = isEstablished ? Self.depths.upperBound : 1
        guard !isAtEnd, upcoming.count < (isEstablished ? depth : 1) else { return nil }
        return SequenceDetector.Query(sequence: number, after: upcoming.last ?? current, order: order, count: wanted)
    }

    /// Returns the next files to prefetch, up to the current depth, and counts them as prefetched.
    mutating func extend() -> [SID] {
        guard isEstablished else { return [] }
        let end = min(depth, upcoming.count)
        guard end > prefetchedCount else { return [] }
        defer { prefetchedCount = end }
        return upcoming[prefetchedCount..<end].filter { !early.contains($0) }
    }

    /// Counts files as not prefetched, from the first of `sids` on.
    mutating func takeBack(_ sids: Set<SID>) {
        prefetchedCount =
            upcoming.prefix(prefetchedCount).firstIndex { sids.contains($0) && !early.contains($0) } ?? prefetchedCount
    }

    /// The number of files to prefetch.
    private var depth: Int { min(max(2 * length, Self.depths.lowerBound), Self.depths.upperBound) }
}
