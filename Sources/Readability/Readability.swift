public import Catalog
public import Logging
public import Media
import Support
import TwilioAPI

/// Finds the recordings that can't be read because a private key or access to a bucket is missing.
///
/// Logs each reason when it is found, and again when incomplete lists have become complete. Hides the recordings from
/// the directories if asked to.
public final class Readability: Sendable {
    /// The time between surveys while all lists are complete and no listing waits.
    private static let pause = Duration.seconds(30)

    /// The time between surveys while lists are incomplete; doubles from the lower to the upper bound.
    private static let pausesOfFirstLists = Duration.milliseconds(50)...Duration.seconds(1)

    private let accounts: [SurveyedAccount]
    private let isHiding: Bool
    private let waiters: ListingWaiters
    private let survey: ReadabilitySurvey
    private let thread = Locked<NamedThread?>(nil)

    /// Makes a survey of the mount's accounts, which are identified by their index; ``start()`` begins it.
    ///
    /// - Parameters:
    ///   - isHiding: Whether to hide unreadable recordings.
    ///   - listingPatience: The longest wait for a survey, shared by all listings of an account. A survey takes seconds
    ///     while servers answer; the opening of a directory, which waits for its list first, fails after 100 s.
    public init(
        accounts: [SurveyedAccount], library: MediaLibrary, isHiding: Bool, listingPatience: Duration = .seconds(60),
        logger: Logger
    ) {
        self.accounts = accounts
        self.isHiding = isHiding
        waiters = ListingWaiters(patience: listingPatience)
        survey = ReadabilitySurvey(accounts, isHiding: isHiding, library: library, waiters: waiters, logger: logger)
    }

    /// Starts the thread; throws ``SystemError`` if the system refuses one.
    public func start() throws {
        let thread = try NamedThread(name: "readability") { [waiters, survey] in
            var (pause, nextPause) = (Duration.zero, Self.pausesOfFirstLists.lowerBound)
            while waiters.waitForListing(atMost: pause) {
                pause = survey.run() ? Self.pause : nextPause
                nextPause = min(nextPause * 2, Self.pausesOfFirstLists.upperBound)
            }
        }
        self.thread.withLock { $0 = thread }
    }

    /// Ends the thread; the transfer client must be shut down before.
    public func shutDown() {
        waiters.shutDown()
        survey.state.change { $0.isShutDown = true }
        thread.withLock { $0 }?.join()
    }

    /// Surveys all accounts anew, since other private keys are held; listings wait for that as for the first survey.
    public func requirementsDidChange() {
        survey.state.change { $0.dropFindings() }
        waiters.requestSurvey()
    }

    /// The unreadable recordings found so far, of all accounts.
    public var unreadable: [UnreadableRecordings] { survey.state.changeQuietly { $0.findings.flatMap(\.unreadable) } }

    /// Describes the unreadable recordings, after waiting for complete lists for at most `patience`.
    public func sentences(within patience: Duration) -> [String] {
        survey.state.waitUntil(timeout: patience) { $0.isShutDown || $0.findings.allSatisfy(\.isWhole) }
        let findings = survey.state.changeQuietly { $0.findings.map(\.unreadable) }
        return zip(accounts, findings).flatMap { account, unreadable in
            unreadable.map { accounts.count > 1 ? "\(account.sid): \($0.sentence)" : $0.sentence }
        }
    }

    /// Calls the completion once the account's hidden recordings are known, or after a minute at most.
    ///
    /// The completion is called at once if they are known, or if the mount hides none. The minute begins with the first
    /// waiting listing.
    public func whenSettled(account index: Int, completion: @escaping @Sendable () -> Void) {
        let account = accounts[index]
        guard isHiding, let numbers = try? account.catalog.requirements.all().keys else { return completion() }
        let epoch = account.catalog.epoch
        let marks = account.marks(of: numbers)
        let isSettled = survey.state.changeQuietly { state in
            state.findings[index].epoch == epoch && state.findings[index].cover(marks)
        }
        // A survey that ends in between doesn't serve this listing; the next one does.
        if isSettled || !waiters.add(account: index, completion: completion) { completion() }
    }

    /// Whether a visible recording may be hidden later, because no verdict has found it readable yet.
    public func mayVanish(_ entry: CatalogEntry, account index: Int) -> Bool {
        guard isHiding else { return false }
        guard let requirement = entry.requirement else {
            // If the resource doesn't name a key, only the media tells whether video is encrypted.
            return entry.kind.envelopePlace == .media && entry.plaintextSize == nil
        }
        let epoch = accounts[index].catalog.epoch
        let group = RequirementGroup(number: requirement, kind: entry.kind)
        return survey.state.changeQuietly { state -> Bool in
            state.findings[index].verdict(on: group) != true || state.findings[index].epoch != epoch
        }
    }
}
