public import Catalog
public import Logging
public import Media
import Support
import TwilioAPI

/// Finds out which recordings can't be read for want of a private key or of a bucket's credentials, logs each reason
/// once, and leaves the recordings out of the directories if that is asked for.
public final class Readability: Sendable {
    /// The time between surveys that nobody waits for.
    private static let pause = Duration.seconds(30)

    /// The same while lists are fetched for the first time: longer each time.
    private static let pausesOfFirstLists = Duration.milliseconds(50)...Duration.seconds(1)

    private let accounts: [SurveyedAccount]
    private let isHiding: Bool
    private let waiters: ListingWaiters
    private let survey: ReadabilitySurvey
    private let thread = Locked<NamedThread?>(nil)

    /// Makes it; ``start()`` begins.
    ///
    /// - Parameters:
    ///   - accounts: those of the mount; they are referred to by their index.
    ///   - isHiding: whether unreadable recordings are left out.
    public convenience init(accounts: [SurveyedAccount], library: MediaLibrary, isHiding: Bool, logger: Logger) {
        // A survey takes some seconds as long as media answers. Opening a directory fails after 100 seconds, of which
        // its list may have taken some.
        self.init(
            accounts: accounts, library: library, isHiding: isHiding, listingPatience: .seconds(60), logger: logger)
    }

    /// - Parameter listingPatience: how long listings wait for a survey, all of one account together.
    init(accounts: [SurveyedAccount], library: MediaLibrary, isHiding: Bool, listingPatience: Duration, logger: Logger)
    {
        self.accounts = accounts
        self.isHiding = isHiding
        waiters = ListingWaiters(patience: listingPatience)
        survey = ReadabilitySurvey(accounts, isHiding: isHiding, library: library, waiters: waiters, logger: logger)
    }

    /// Begins.
    ///
    /// - Throws: ``SystemError`` when the system has no thread left.
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

    /// Ends the thread.
    ///
    /// The transfer client is to be shut down before.
    public func shutDown() {
        waiters.shutDown()
        survey.state.change { $0.isShutDown = true }
        thread.withLock { $0 }?.join()
    }

    /// The unreadable recordings of all accounts, as far as they were found.
    public var unreadable: [UnreadableRecordings] {
        survey.state.changeQuietly { $0.findings.flatMap(\.unreadable) }
    }

    /// The sentences that report unreadable recordings, once complete lists were surveyed, or as far as they were found
    /// when that takes too long.
    public func sentences(within patience: Duration) -> [String] {
        survey.state.waitUntil(timeout: patience) { $0.isShutDown || $0.findings.allSatisfy(\.isWhole) }
        let findings = survey.state.changeQuietly { $0.findings.map(\.unreadable) }
        return zip(accounts, findings).flatMap { account, unreadable in
            unreadable.map { accounts.count > 1 ? "\(account.sid): \($0.sentence)" : $0.sentence }
        }
    }

    /// Calls a completion once it is known which recordings an account's directories leave out: at once if it is, or if
    /// none are left out.
    ///
    /// If media doesn't answer, it is called all the same, a minute after the account's first listing began to wait.
    public func whenSettled(account index: Int, completion: @escaping @Sendable () -> Void) {
        let account = accounts[index]
        guard isHiding, let numbers = try? account.catalog.requirements.all().keys else {
            completion()
            return
        }
        let epoch = account.catalog.epoch
        let counts = account.counts
        var marks: [RequirementGroup: GroupMark] = [:]
        for number in numbers {
            for kind in account.kinds {
                let group = RequirementGroup(number: number, kind: kind)
                marks[group] = account.mark(of: group, counts)
            }
        }
        let isSettled = survey.state.changeQuietly { [marks] state in
            state.findings[index].epoch == epoch && state.findings[index].cover(marks)
        }
        // A survey that ends in between hasn't served this listing; the next one does.
        if isSettled || !waiters.add(account: index, completion: completion) { completion() }
    }

    /// Whether a recording that is shown may still be left out: it isn't known whether it can be read.
    public func mayVanish(_ entry: CatalogEntry, account index: Int) -> Bool {
        guard isHiding else { return false }
        guard let requirement = entry.requirement else {
            // Video that is encrypted says so with its media, if the resource doesn't.
            return entry.kind.envelopePlace == .media && entry.plaintextSize == nil
        }
        let epoch = accounts[index].catalog.epoch
        let group = RequirementGroup(number: requirement, kind: entry.kind)
        return survey.state.changeQuietly { state -> Bool in
            state.findings[index].verdict(on: group) != true || state.findings[index].epoch != epoch
        }
    }
}
