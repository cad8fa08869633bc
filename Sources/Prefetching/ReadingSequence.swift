import Catalog
import TwilioAPI

/// A sequence of files that a program accesses in one order of a directory; part of ``SequenceDetector``.
struct ReadingSequence {
    /// The bounds of the number of files to prefetch, which is otherwise twice the length of the sequence.
    static let depths = 4...64

    /// The number of files read to their end that establish the sequence.
    ///
    /// It is three if accesses elsewhere came between its files: two files may then follow each other by chance.
    private var threshold = 2

    /// The number of upcoming files any of which may be accessed next, once files are prefetched: programs that read
    /// several files at once keep no strict order.
    private static let earliness = 4

    /// The sequence's number; never reused.
    let number: Int
    let order: EntryOrder

    /// The last file of those accessed without a gap.
    private(set) var current: SID

    /// The known files after `current`.
    private var upcoming: [SID] = []

    /// The number of prefetched files, which are the first ones of `upcoming`.
    private var prefetchedCount = 0

    /// Whether the last query found no files after those of `upcoming`.
    private var isAtEnd = false

    /// The files of `upcoming` that were accessed before their turn.
    private var early: Set<SID> = []

    /// The accessed files that weren't read to their end yet, with the number of their openings.
    private var open: [SID: Int]

    /// The number of files read to their end.
    private(set) var length = 0

    /// The number of accesses elsewhere since the sequence last advanced.
    var idle = 0

    init(number: Int, order: EntryOrder, at sid: SID) {
        self.number = number
        self.order = order
        current = sid
        open = [sid: 1]
    }

    /// Whether enough files were read to prefetch the next ones.
    var isEstablished: Bool { length >= threshold }

    /// Whether no files remain to be accessed or to be read to their end.
    var isOver: Bool { isAtEnd && upcoming.isEmpty && open.isEmpty }

    /// The prefetched files that weren't accessed.
    var prefetched: [SID] { upcoming.prefix(prefetchedCount).filter { !early.contains($0) } }

    /// Whether the sequence predicts that a file is accessed next.
    func isNext(_ sid: SID) -> Bool {
        upcoming.prefix(prefetchedCount > 0 ? Self.earliness : 1).contains(sid) && !early.contains(sid)
    }

    /// Whether a file is `current`, is being read, or was accessed before its turn.
    func isAt(_ sid: SID) -> Bool { sid == current || open[sid] != nil || early.contains(sid) }

    /// Whether an access to a file skips prefetched files.
    func skips(to sid: SID) -> Bool { upcoming.prefix(prefetchedCount).contains(sid) && !isNext(sid) }

    /// Notes an access to a predicted file.
    mutating func advance(to sid: SID) {
        if !isEstablished, idle > 0 { threshold = 3 }
        idle = 0
        open[sid] = 1
        early.insert(sid)
        while let first = upcoming.first, early.remove(first) != nil {
            upcoming.removeFirst()
            prefetchedCount = max(0, prefetchedCount - 1)
            current = first
        }
    }

    /// Notes that a file was read to its end; returns false if this sequence isn't reading it.
    mutating func finish(_ sid: SID) -> Bool {
        guard open.removeValue(forKey: sid) != nil else { return false }
        length += 1
        return true
    }

    /// Notes another opening of a file that isn't read to its end yet.
    mutating func reopen(_ sid: SID) { if open[sid] != nil { open[sid, default: 0] += 1 } }

    /// Notes that a file was closed; returns whether the last of its readers closed it before its end.
    mutating func close(_ sid: SID) -> Bool {
        guard let count = open[sid] else { return false }
        open[sid] = max(0, count - 1)
        return count <= 1
    }

    /// Adds the answer to a query to the upcoming files.
    mutating func learn(_ followers: [SID], for query: SequenceDetector.Query) {
        guard query.after == upcoming.last ?? current else { return }
        upcoming += followers
        isAtEnd = followers.count < query.count
    }

    /// The query for further files; nil if none are needed or none follow.
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

    /// Counts the first prefetched file among `sids`, and all files after it, as not prefetched.
    mutating func takeBack(_ sids: Set<SID>) {
        prefetchedCount =
            upcoming.prefix(prefetchedCount).firstIndex { sids.contains($0) && !early.contains($0) } ?? prefetchedCount
    }

    /// The number of upcoming files to keep prefetched.
    private var depth: Int { min(max(2 * length, Self.depths.lowerBound), Self.depths.upperBound) }
}
