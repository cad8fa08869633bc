/// The list of accounts as far as its pages have come, and when it is given up: a value without I/O.
struct AccountWalk {
    /// What a list of accounts has to keep to: a mount waits for all of it.
    struct Limits {
        /// Accounts at the most: Twilio allows a thousand, and more to who asks.
        var accounts = 10_000

        /// Pages in a row that may bring no account that wasn't there before: accounts that appear meanwhile push those
        /// of one page onto the next, once.
        var barrenPages = 3

        /// How long all of it may take.
        var time: Duration = .seconds(60)
    }

    /// What the list is called in messages.
    static let subject = "the list of accounts"

    /// The accounts that have come, each once.
    private(set) var accounts: [AccountDescription] = []

    private let limits: Limits
    private let deadline: ContinuousClock.Instant
    private var known: Set<SID> = []

    /// The paths of the pages that were asked for.
    private var followed: Set<String> = []

    /// Pages since the last one that has brought something.
    private var barren = 0

    /// Begins a walk now.
    init(_ limits: Limits) {
        self.limits = limits
        deadline = ContinuousClock.now + limits.time
    }

    /// Notes that a page is to be asked for.
    ///
    /// - Returns: how long it may take.
    /// - Throws: ``TwilioError`` when the list is given up instead.
    mutating func follow(_ path: String) throws(TwilioError) -> Duration {
        guard followed.insert(path).inserted else {
            throw TwilioError(.malformedAnswer, "\(Self.subject) has no end: its pages form a circle")
        }
        guard barren < limits.barrenPages else {
            throw TwilioError(
                .malformedAnswer,
                "\(Self.subject) has no end: \(limits.barrenPages) pages in a row bring nothing new, and more follow")
        }
        let left = deadline - ContinuousClock.now
        guard left > .zero else { throw Self.timeout(limits.time) }
        return left
    }

    /// Takes in the accounts of a page.
    ///
    /// - Throws: ``TwilioError`` when they are more than there can be.
    mutating func take(_ page: [AccountDescription]) throws(TwilioError) {
        let added = page.filter { known.insert($0.sid).inserted }
        accounts += added
        barren = added.isEmpty ? barren + 1 : 0
        guard accounts.count <= limits.accounts else {
            throw TwilioError(
                .malformedAnswer, "\(Self.subject) has no end: there are more than \(limits.accounts) accounts")
        }
    }

    /// The error of a list that has taken too long.
    static func timeout(_ time: Duration) -> TwilioError {
        TwilioError(.unreachable, "\(subject) could not be fetched within \(time.components.seconds) seconds")
    }
}
