/// The progress of reading the list of accounts, and the limits for it: a value without I/O.
struct AccountWalk {
    /// The limits for the list of accounts, since a mount waits for all of it.
    struct Limits {
        /// The largest number of accounts: Twilio allows a thousand, and more on request.
        var accounts = 10_000
        /// The largest number of consecutive pages without a new account.
        ///
        /// An account that is created meanwhile shifts the others, so that a page may repeat known accounts, once.
        var barrenPages = 3
        /// The time limit for the whole list.
        var time: Duration = .seconds(60)
    }

    /// The list's name in messages.
    static let subject = "the list of accounts"
    /// The accounts received, each once.
    private(set) var accounts: [AccountDescription] = []

    private let limits: Limits
    private let deadline: ContinuousClock.Instant
    private var known: Set<SID> = []

    /// The paths of the pages requested.
    private var followed: Set<String> = []
    /// The number of pages since the last one with a new account.
    private var barren = 0

    /// Starts the time limit.
    init(_ limits: Limits) {
        self.limits = limits
        deadline = ContinuousClock.now + limits.time
    }

    /// Registers the request for a page; returns the time left for it.
    ///
    /// - Throws: ``TwilioError`` when a limit is exceeded.
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

    /// Adds the accounts of a page; throws ``TwilioError`` when there are too many.
    mutating func take(_ page: [AccountDescription]) throws(TwilioError) {
        let added = page.filter { known.insert($0.sid).inserted }
        accounts += added
        barren = added.isEmpty ? barren + 1 : 0
        guard accounts.count <= limits.accounts else {
            throw TwilioError(
                .malformedAnswer, "\(Self.subject) has no end: there are more than \(limits.accounts) accounts")
        }
    }

    /// The error of a list that exceeds the time limit.
    static func timeout(_ time: Duration) -> TwilioError {
        TwilioError(.unreachable, "\(subject) could not be fetched within \(time.components.seconds) seconds")
    }
}
