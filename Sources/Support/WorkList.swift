/// A queue of work, first in first out; its owner calls it under a lock.
package struct WorkList: Sendable {
    /// A piece of work.
    package typealias Work = @Sendable () -> Void

    private var work: [Work?] = []

    /// The index of the next piece; earlier ones are taken.
    private var next = 0

    /// Makes an empty list.
    package init() {}

    /// Whether there is no work.
    package var isEmpty: Bool { next == work.count }

    /// Adds a piece.
    package mutating func append(_ piece: @escaping Work) { work.append(piece) }

    /// Takes the oldest piece; nil when there is none.
    package mutating func takeFirst() -> Work? {
        guard next < work.count else { return nil }
        // Removing the closure now releases its references with the work, not with the next compaction.
        let piece = work[next].take()
        next += 1
        if next == work.count {
            work.removeAll(keepingCapacity: true)
            next = 0
        } else if next > 64, next * 2 > work.count {
            work.removeFirst(next)
            next = 0
        }
        return piece
    }
}
