import Catalog
import TwilioAPI

/// Detects programs that read a directory's files in order, and predicts their next accesses: a state machine without
/// I/O.
///
/// Its input are accesses: a file is opened, or its size is asked for. An access that no sequence predicted begins a
/// sequence in each order, a guess that costs one query for the file that follows. Two or three files read in a row
/// establish a sequence, and the files that follow are prefetched: twice as many as were read, 64 at most. A sequence
/// ends, and its prefetched files that no other sequence predicts are abandoned, when
///
/// - a file isn't read to its end,
/// - files are skipped,
/// - too many accesses elsewhere follow one another,
/// - the directory ends.
///
/// Accesses aren't tracked by process; each belongs to the sequence that predicted it. So several programs can read one
/// directory or many at once; two that keep step share a sequence.
struct SequenceDetector {
    /// A query for the files that follow one.
    struct Query: Hashable {
        let sequence: Int

        /// The file before the first one wanted.
        let after: SID
        let order: EntryOrder

        /// How many are wanted; an answer with fewer says that no more follow.
        let count: Int
    }

    /// The actions that follow from an access.
    struct Step: Equatable {
        /// To be answered with ``learn(_:for:)``.
        var queries: [Query] = []

        /// To be prefetched, in this order.
        var prefetch: [SID] = []

        /// Prefetched before, and no longer predicted.
        var abandon: [SID] = []

        static func + (left: Step, right: Step) -> Step {
            var sum = left
            sum += right
            return sum
        }

        fileprivate static func += (left: inout Step, right: Step) {
            left.queries += right.queries
            left.prefetch += right.prefetch
            left.abandon += right.abandon
        }
    }

    /// Sequences that are kept, guesses included.
    private static let limit = 16

    /// How many accesses elsewhere end a guess: so many programs may begin at once.
    ///
    /// A file that is accessed later follows the first one by chance.
    private static let patienceOfGuesses = 4

    /// How many accesses elsewhere end an established sequence.
    private let patience: Int

    /// The one that advanced last is at the end.
    private var sequences: [ReadingSequence] = []
    private var nextNumber = 0

    /// Begins without a sequence.
    ///
    /// - Parameter patience: how many accesses elsewhere end a sequence that doesn't advance meanwhile.
    init(patience: Int) {
        self.patience = patience
    }

    /// Whether a sequence is established, so that accesses that cost nothing matter too.
    var isPrefetching: Bool { sequences.contains { $0.isEstablished } }

    /// The files prefetched and not accessed yet.
    var prefetched: Set<SID> { Set(sequences.flatMap(\.prefetched)) }

    /// Takes in an access to a file.
    ///
    /// - Parameter mayBegin: whether it may be the first of a sequence.
    mutating func access(_ sid: SID, mayBegin: Bool = true) -> Step {
        let next = sequences.filter { $0.isNext(sid) }
        guard next.isEmpty else {
            // A sequence comes to a file that some guess has guessed, sooner or later. That doesn't confirm the guess.
            let established = next.filter(\.isEstablished)
            return advance(established.isEmpty ? next : established, to: sid)
        }
        // Opened twice, or by two programs that keep step.
        guard !sequences.contains(where: { $0.isAt(sid) }) else { return Step() }
        for index in sequences.indices { sequences[index].idle += 1 }
        let patience = patience
        var step = remove {
            $0.skips(to: sid) || $0.idle > ($0.isEstablished ? patience : Self.patienceOfGuesses)
        }
        // If it was prefetched, it is used now.
        step.abandon.removeAll { $0 == sid }
        if mayBegin { step += start(at: sid) }
        return step
    }

    /// Takes in that a file was read to its end.
    mutating func finish(_ sid: SID) -> Step {
        var step = Step()
        for index in sequences.indices {
            guard sequences[index].finish(sid) else { continue }
            step += proceed(index)
        }
        step += remove(where: \.isOver)
        return step
    }

    /// Takes in that a file was closed; a program that hasn't read it to its end doesn't read whole files.
    mutating func close(_ sid: SID) -> Step {
        remove { $0.isReading(sid) }
    }

    /// Takes in the answer to a query.
    mutating func learn(_ followers: [SID], for query: Query) -> Step {
        guard let index = sequences.firstIndex(where: { $0.number == query.sequence }) else { return Step() }
        sequences[index].learn(followers, for: query)
        var step = proceed(index)
        step += remove(where: \.isOver)
        return step
    }

    /// Takes in that files couldn't be prefetched; they are tried again when their sequence advances.
    mutating func takeBack(_ sids: [SID]) {
        let sids = Set(sids)
        for index in sequences.indices { sequences[index].takeBack(sids) }
    }

    private mutating func advance(_ next: [ReadingSequence], to sid: SID) -> Step {
        // Sequences in one order that come to the same file are the same from here on: the longest stays.
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
            let sequence = ReadingSequence(number: nextNumber, order: order, at: sid)
            nextNumber += 1
            sequences.append(sequence)
            if let query = sequence.query { step.queries.append(query) }
        }
        while sequences.count > Self.limit {
            // Guesses go first.
            let index = sequences.firstIndex { !$0.isEstablished } ?? 0
            let number = sequences[index].number
            step += remove { $0.number == number }
        }
        return step
    }

    /// Prefetches as deep as a sequence allows by now.
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

    /// Removes sequences, and abandons the files that they alone have prefetched.
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
