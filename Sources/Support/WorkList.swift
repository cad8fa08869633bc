/// Pieces of work in the order in which they were given; the owner calls it under a lock.
package struct WorkList: Sendable {
    /// A piece of work.
    package typealias Work = @Sendable () -> Void

    private var work: [Work?] = []

    /// The index of the next piece; those before it were taken.
    private var next = 0

    /// Makes an empty list.
    package init() {}

    /// Adds a piece.
    package mutating func append(_ piece: @escaping Work) {
        work.append(piece)
    }

    /// Takes the oldest piece; nil when there is none.
    package mutating func takeFirst() -> Work? {
        guard next < work.count else { return nil }
        // Taken out, so that what it refers to is released when it is done, and not when the list is compacted.
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
