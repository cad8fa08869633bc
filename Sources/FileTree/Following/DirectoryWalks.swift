import Catalog
import TwilioAPI

/// Finds out when programs go through a directory in one of its orders, and what they will come to next: a state
/// machine without I/O.
///
/// It is told what is visited: a file that is opened, or one whose size is asked for. From each visit that nothing
/// foretold one walk begins in each order, a guess which costs one question for what follows. Two or three files gone
/// through in a row make it more than a guess, and what follows is begun ahead: twice as many files as were gone
/// through, 64 at most. A walk is over, and what it has begun in vain is let go, when
///
/// - a file isn't read to its end,
/// - files are left out,
/// - others are visited all the time, and it isn't gone on with,
/// - the directory is.
///
/// Programs are not told apart: each visit belongs to the walk that foretold it. So several go through one directory or
/// many at once, and two that keep step are one walk.
struct DirectoryWalks {
    /// What a walk has to know: which files follow one.
    struct Question: Hashable {
        let walk: Int

        /// The file before the first one asked for.
        let after: SID
        let order: EntryOrder

        /// How many are asked for; fewer are told only when no more follow.
        let count: Int
    }

    /// What its owner is to do.
    struct Step: Equatable {
        /// To be answered with ``learn(_:for:)``.
        var questions: [Question] = []

        /// To be begun, first ones first.
        var begin: [SID] = []

        /// Begun before, and not wanted any more.
        var letGo: [SID] = []

        static func + (left: Step, right: Step) -> Step {
            var sum = left
            sum += right
            return sum
        }

        fileprivate static func += (left: inout Step, right: Step) {
            left.questions += right.questions
            left.begin += right.begin
            left.letGo += right.letGo
        }
    }

    /// Walks that are kept, guesses included.
    private static let limit = 16

    /// How many visits that belong to no walk end a guess: so many programs may begin at once.
    ///
    /// A file that is visited later is next to the first one by chance.
    private static let patienceOfGuesses = 4

    /// How many such visits end a walk.
    private let patience: Int

    /// The one that was gone on with last at the end.
    private var walks: [DirectoryWalk] = []
    private var nextNumber = 0

    /// Begins with nothing visited.
    ///
    /// - Parameter patience: how many visits that belong to no walk end one that isn't gone on with meanwhile.
    init(patience: Int) {
        self.patience = patience
    }

    /// Whether something is begun ahead, so that visits of what is known matter too.
    var isFollowing: Bool { walks.contains { $0.isEstablished } }

    /// What is begun and not asked for yet.
    var begun: Set<SID> { Set(walks.flatMap(\.begun)) }

    /// A file was opened.
    ///
    /// - Parameter mayBegin: whether it may be the first of a walk.
    mutating func visit(_ sid: SID, mayBegin: Bool = true) -> Step {
        let next = walks.filter { $0.isNext(sid) }
        guard next.isEmpty else {
            // A walk comes to what some guess has guessed, sooner or later. That doesn't make the guess right.
            let established = next.filter(\.isEstablished)
            return advance(established.isEmpty ? next : established, to: sid)
        }
        // Opened twice, or by two programs that keep step.
        guard !walks.contains(where: { $0.isAt(sid) }) else { return Step() }
        for index in walks.indices { walks[index].idle += 1 }
        let patience = patience
        var step = remove {
            $0.leavesOut(before: sid) || $0.idle > ($0.isEstablished ? patience : Self.patienceOfGuesses)
        }
        // One of those that was begun is asked for now, and so isn't in vain.
        step.letGo.removeAll { $0 == sid }
        if mayBegin { step += start(at: sid) }
        return step
    }

    /// A file was read to its end.
    mutating func finish(_ sid: SID) -> Step {
        var step = Step()
        for index in walks.indices {
            guard walks[index].finish(sid) else { continue }
            step += proceed(index)
        }
        step += remove(where: \.isOver)
        return step
    }

    /// A file was closed; whoever hasn't read it to its end before doesn't read whole files.
    mutating func close(_ sid: SID) -> Step {
        remove { $0.isReading(sid) }
    }

    /// Takes in the answer to a question.
    mutating func learn(_ followers: [SID], for question: Question) -> Step {
        guard let index = walks.firstIndex(where: { $0.number == question.walk }) else { return Step() }
        walks[index].learn(followers, for: question)
        var step = proceed(index)
        step += remove(where: \.isOver)
        return step
    }

    /// Takes in that files which were to be begun couldn't be; they are tried again when their walk goes on.
    mutating func takeBack(_ sids: [SID]) {
        let sids = Set(sids)
        for index in walks.indices { walks[index].takeBack(sids) }
    }

    private mutating func advance(_ next: [DirectoryWalk], to sid: SID) -> Step {
        // Walks in one order that come to the same file are the same from here on: the longest stays.
        var step = Step()
        for order in EntryOrder.allCases {
            let same = next.filter { $0.order == order }
            guard let longest = same.max(by: { $0.run < $1.run }) else { continue }
            let others = Set(same.map(\.number)).subtracting([longest.number])
            step += remove { others.contains($0.number) }
            guard let index = walks.firstIndex(where: { $0.number == longest.number }) else { continue }
            var walk = walks.remove(at: index)
            walk.advance(to: sid)
            walks.append(walk)
            step += proceed(walks.count - 1)
        }
        step.letGo.removeAll { $0 == sid }
        return step
    }

    private mutating func start(at sid: SID) -> Step {
        var step = Step()
        for order in EntryOrder.allCases {
            let walk = DirectoryWalk(number: nextNumber, order: order, at: sid)
            nextNumber += 1
            walks.append(walk)
            if let question = walk.question { step.questions.append(question) }
        }
        while walks.count > Self.limit {
            // Guesses go first.
            let index = walks.firstIndex { !$0.isEstablished } ?? 0
            let number = walks[index].number
            step += remove { $0.number == number }
        }
        return step
    }

    /// Begins what a walk may have begun by now.
    private mutating func proceed(_ index: Int) -> Step {
        var step = Step(begin: walks[index].extend())
        if !step.begin.isEmpty {
            let number = walks[index].number
            let others = Set(walks.lazy.filter { $0.number != number }.flatMap(\.begun))
            step.begin.removeAll(where: others.contains)
        }
        if let question = walks[index].question { step.questions.append(question) }
        return step
    }

    /// Removes walks, and lets go of what they alone have begun.
    private mutating func remove(where isOver: (DirectoryWalk) -> Bool) -> Step {
        guard walks.contains(where: isOver) else { return Step() }
        let before = walks.filter(isOver).flatMap(\.begun)
        walks.removeAll(where: isOver)
        let begun = begun
        var step = Step()
        for sid in before where !begun.contains(sid) && !step.letGo.contains(sid) { step.letGo.append(sid) }
        return step
    }
}
