import Catalog
import TwilioAPI

/// A program's way through a directory, in one of its orders: where it is, what follows, and what was begun ahead.
///
/// A part of ``DirectoryWalks``, which sees to it that a walk is only told what belongs to it.
struct DirectoryWalk {
    /// What is done ahead, at first and at most.
    ///
    /// In between twice as many as the walk has gone through, so that no more than that is in vain when it ends.
    static let ahead = 4...64

    /// How many files have to be gone through in a row before any is begun ahead.
    ///
    /// One more if something else was visited in between: it is all too likely that among some files two are
    /// neighbours.
    private var threshold = 2

    /// How many places early a file may be opened.
    ///
    /// Programs that work on some files at once take them in order, but not strictly.
    private static let earliness = 4

    /// What distinguishes it from all walks before and after it.
    let number: Int
    let order: EntryOrder

    /// The last file that it came to, with all before it.
    private(set) var place: SID

    /// What follows `place`, as far as it is known.
    private var upcoming: [SID] = []

    /// How many of `upcoming` were begun, from its first on.
    private var begunCount = 0

    /// Whether nothing follows `upcoming`.
    private var isAtEnd = false

    /// Those of `upcoming` that were opened before their turn.
    private var early: Set<SID> = []

    /// Files opened and not read to their end yet.
    private var open: Set<SID>

    /// How many files were gone through.
    private(set) var run = 0

    /// Visits elsewhere since the last one here.
    var idle = 0

    init(number: Int, order: EntryOrder, at sid: SID) {
        self.number = number
        self.order = order
        place = sid
        open = [sid]
    }

    /// Whether it is more than a guess.
    var isEstablished: Bool { run >= threshold }

    /// Whether it has come to the end of its directory.
    var isOver: Bool { isAtEnd && upcoming.isEmpty && open.isEmpty }

    /// What was begun and not asked for yet.
    var begun: [SID] { upcoming.prefix(begunCount).filter { !early.contains($0) } }

    /// Whether a file is what it comes to now.
    func isNext(_ sid: SID) -> Bool {
        upcoming.prefix(begunCount > 0 ? Self.earliness : 1).contains(sid) && !early.contains(sid)
    }

    /// Whether it has been at a file just now.
    func isAt(_ sid: SID) -> Bool { sid == place || open.contains(sid) || early.contains(sid) }

    /// Whether a file was begun ahead, but isn't next: between it and the last one files were left out.
    func leavesOut(before sid: SID) -> Bool { upcoming.prefix(begunCount).contains(sid) && !isNext(sid) }

    /// Comes to a file that is next.
    mutating func advance(to sid: SID) {
        if !isEstablished, idle > 0 { threshold = 3 }
        idle = 0
        open.insert(sid)
        early.insert(sid)
        while let first = upcoming.first, early.remove(first) != nil {
            upcoming.removeFirst()
            begunCount = max(0, begunCount - 1)
            place = first
        }
    }

    /// A file was read to its end; false when it isn't one of those opened here.
    mutating func finish(_ sid: SID) -> Bool {
        guard open.remove(sid) != nil else { return false }
        run += 1
        return true
    }

    /// Whether a file was opened here and not read to its end.
    func isReading(_ sid: SID) -> Bool { open.contains(sid) }

    /// Learns what follows.
    mutating func learn(_ followers: [SID], for question: DirectoryWalks.Question) {
        guard question.after == upcoming.last ?? place else { return }
        upcoming += followers
        isAtEnd = followers.count < question.count
    }

    /// What has to be known to go on; nil when that is known.
    var question: DirectoryWalks.Question? {
        let wanted = isEstablished ? Self.ahead.upperBound : 1
        guard !isAtEnd, upcoming.count < (isEstablished ? aheadCount : 1) else { return nil }
        return DirectoryWalks.Question(walk: number, after: upcoming.last ?? place, order: order, count: wanted)
    }

    /// Counts more files as begun.
    ///
    /// - Returns: those.
    mutating func extend() -> [SID] {
        guard isEstablished else { return [] }
        let end = min(aheadCount, upcoming.count)
        guard end > begunCount else { return [] }
        defer { begunCount = end }
        return upcoming[begunCount..<end].filter { !early.contains($0) }
    }

    /// Takes back that files were begun, from the first of these on.
    mutating func takeBack(_ sids: Set<SID>) {
        begunCount =
            upcoming.prefix(begunCount).firstIndex { sids.contains($0) && !early.contains($0) } ?? begunCount
    }

    private var aheadCount: Int {
        min(max(2 * run, Self.ahead.lowerBound), Self.ahead.upperBound)
    }
}
