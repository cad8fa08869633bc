import Catalog
import TwilioAPI

/// A state machine that detects programs that read a directory's files in order, and predicts their next accesses.
///
/// An access is an opening of a file or a request for its size. An access that no sequence predicted begins a guess, a
/// sequence that isn't established, in each order. A guess costs one query for the next file. Two or three files read
/// in a row establish the sequence. From then on, it prefetches twice as many files as were read, at least 4 and at
/// most 64.
///
/// A sequence ends when a file is closed before its end, when prefetched files are skipped, after too many accesses
/// elsewhere, and when no files remain. It also ends when it becomes a duplicate, or when there are too many sequences.
/// Its prefetched files are then abandoned, except those that another sequence prefetched.
///
/// An access belongs to the sequence that predicted it, whichever process makes it. So several programs can read one
/// directory or many at the same time. Two programs that access the same files at the same time share a sequence.
struct SequenceDetector {
    /// A query for the files after another.
    struct Query: Hashable {
        let sequence: Int
        let after: SID
        let order: EntryOrder

        /// The number of files wanted; an answer with fewer files means that no others follow.
        let count: Int
    }

    /// The actions after an access.
    struct Step: Equatable {
        /// Queries to answer with ``learn(_:for:)``.
        var queries: [Query] = []

        /// Files to prefetch, in this order.
        var prefetch: [SID] = []

        /// Prefetched files that are no longer predicted.
        var abandon: [SID] = []

        static func += (left: inout Step, right: Step) {
            left.queries += right.queries
            left.prefetch += right.prefetch
            left.abandon += right.abandon
        }
    }

    /// The greatest number of sequences, guesses included.
    private static let limit = 16

    /// The greatest number of accesses elsewhere that a guess survives.
    ///
    /// So this many other programs may begin to read at the same time. After more accesses elsewhere, an access to the
    /// predicted file is probably chance.
    private static let patienceOfGuesses = 4

    private let patience: Int

    /// The sequences, in the order in which they last advanced or began.
    private var sequences: [ReadingSequence] = []
    private var nextNumber = 0

    /// - Parameter patience: The greatest number of accesses elsewhere that an established sequence survives.
    init(patience: Int) { self.patience = patience }

    /// Whether any sequence is established.
    var isPrefetching: Bool { sequences.contains { $0.isEstablished } }

    /// The prefetched files that weren't accessed.
    var prefetched: Set<SID> { Set(sequences.flatMap(\.prefetched)) }

    /// Notes an access to a file.
    ///
    /// - Parameter mayBegin: Whether an access that no sequence predicted begins guesses.
    mutating func access(_ sid: SID, mayBegin: Bool = true) -> Step {
        for index in sequences.indices { sequences[index].reopen(sid) }
        let next = sequences.filter { $0.isNext(sid) }
        guard next.isEmpty else {
            // An established sequence often reaches a file that a guess predicted too. That doesn't confirm the guess.
            let established = next.filter(\.isEstablished)
            return advance(established.isEmpty ? next : established, to: sid)
        }
        // The file is opened again, by the same program or by another one that reads the same files.
        guard !sequences.contains(where: { $0.isAt(sid) }) else { return Step() }
        for index in sequences.indices { sequences[index].idle += 1 }
        let patience = patience
        var step = remove {
            $0.skips(to: sid) || $0.idle > ($0.isEstablished ? patience : Self.patienceOfGuesses)
        }
        // The program uses the file now, so its prefetching isn't abandoned.
        step.abandon.removeAll { $0 == sid }
        if mayBegin { step += start(at: sid) }
        return step
    }

    /// Notes that a file was read to its end.
    mutating func finish(_ sid: SID) -> Step {
        var step = Step()
        for index in sequences.indices {
            if sequences[index].finish(sid) { step += proceed(index) }
        }
        step += remove(where: \.isOver)
        return step
    }

    /// Notes that a file was closed; ends the sequence if no reader is left and none has read the file to its end.
    mutating func close(_ sid: SID) -> Step {
        var ended: Set<Int> = []
        for index in sequences.indices where sequences[index].close(sid) { ended.insert(sequences[index].number) }
        return remove { ended.contains($0.number) }
    }

    /// Notes the answer to a query.
    mutating func learn(_ followers: [SID], for query: Query) -> Step {
        guard let index = sequences.firstIndex(where: { $0.number == query.sequence }) else { return Step() }
        sequences[index].learn(followers, for: query)
        var step = proceed(index)
        step += remove(where: \.isOver)
        return step
    }

    /// Counts files as not prefetched; the next step of their sequence prefetches them again.
    mutating func takeBack(_ sids: [SID]) {
        let sids = Set(sids)
        for index in sequences.indices { sequences[index].takeBack(sids) }
    }

    private mutating func advance(_ next: [ReadingSequence], to sid: SID) -> Step {
        // Sequences of the same order that reach the same file predict the same files: keep the longest.
        var step = Step()
        for order in EntryOrder.allCases {
            let same = next.filter { $0.order == order }
            guard let longest = same.max(by: { $0.length < $1.length }) else { continue }
            let others = Set(same.map(\.number)).subtracting([longest.number])
            step += remove { others.contains($0.number) }
            guard let index = sequences.firstIndex(where: { $0.number == longest.number }) else { continue }
            var sequence = sequences.remove(at: index)
            sequence.advance(to: sid)
            sequences.append(sequence)
            step += proceed(sequences.count - 1)
        }
        step.abandon.removeAll { $0 == sid }
        return step
    }

    private mutating func start(at sid: SID) -> Step {
        var step = Step()
        for order in EntryOrder.allCases {
            sequences.append(ReadingSequence(number: nextNumber, order: order, at: sid))
            nextNumber += 1
            step += proceed(sequences.count - 1)
        }
        while sequences.count > Self.limit {
            // Remove guesses before established sequences.
            let index = sequences.firstIndex { !$0.isEstablished } ?? 0
            let number = sequences[index].number
            step += remove { $0.number == number }
        }
        return step
    }

    /// Returns the files that a sequence should prefetch now, and its query for further files.
    private mutating func proceed(_ index: Int) -> Step {
        var step = Step(prefetch: sequences[index].extend())
        if !step.prefetch.isEmpty {
            let number = sequences[index].number
            let others = Set(sequences.lazy.filter { $0.number != number }.flatMap(\.prefetched))
            step.prefetch.removeAll(where: others.contains)
        }
        if let query = sequences[index].query { step.queries.append(query) }
        return step
    }

    /// Removes sequences, and abandons the files that only they prefetched.
    private mutating func remove(where isOver: (ReadingSequence) -> Bool) -> Step {
        guard sequences.contains(where: isOver) else { return Step() }
        let before = sequences.filter(isOver).flatMap(\.prefetched)
        sequences.removeAll(where: isOver)
        let prefetched = prefetched
        var step = Step()
        for sid in before where !prefetched.contains(sid) && !step.abandon.contains(sid) { step.abandon.append(sid) }
        return step
    }
}
