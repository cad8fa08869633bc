import Catalog
public import Logging
public import Media
import Support
import Transfer
public import TwilioAPI

/// Finds out which recordings can't be read for want of a private key or of a bucket's credentials, says so once for
/// each reason, and leaves them out of the directories if that is asked for.
public final class Readability: Sendable {
    /// Recordings that can't be read, for one reason.
    public struct Unreadable: Hashable, Sendable {
        /// What would have to be held.
        public let requirement: MediaRequirement

        /// The kinds of recordings that can't be read for want of it.
        public let kinds: Set<MediaKind>

        /// Whether recordings of other kinds that require it can be read.
        public let isHeldForOthers: Bool

        /// How many completed recordings of these kinds require it.
        public let count: Int64

        /// Whether they were counted in whole lists; else there may be more.
        public let isWhole: Bool

        /// Whether they are left out of the directories.
        public let isHidden: Bool
    }

    /// Recordings of one kind that have one requirement: a key may be declared for some kinds.
    private struct Group: Hashable {
        let number: Int64
        let kind: MediaKind
    }

    /// What changes when a group comes to have recordings.
    private struct Mark: Hashable {
        /// How many recordings of its kind there are.
        let count: Int64

        /// How many of them came to have the requirement after they were listed.
        let gains: Int
    }

    /// Somebody who waits until every requirement was looked at.
    private struct Waiter {
        /// The index of the account.
        let branch: Int
        let deadline: ContinuousClock.Instant

        /// Whether the survey that runs looks at all that it waits for.
        var isServed = false
        let completion: @Sendable () -> Void
    }

    /// What is known of one account.
    private struct Findings {
        /// Whether what a group requires is held; nil where that couldn't be found out yet.
        var isHeld: [Group: Bool?] = [:]

        /// The marks of groups when they had no recordings.
        var markWithoutAny: [Group: Mark] = [:]

        /// When it was last tried whether what seems to be missing is held after all.
        var lastDoubt = ContinuousClock.now

        /// Which database the numbers belong to.
        var epoch = 0
        var unreadable: [Unreadable] = []

        /// What was missing when `unreadable` was last counted, and when that was.
        var counted: (missing: Set<Group>, time: ContinuousClock.Instant)?

        /// Whether whole lists were looked at.
        var isWhole = false

        /// What was logged, and whether it was counted in whole lists.
        var told: [MediaRequirement: Bool] = [:]

        /// The groups that can't be read.
        var missing: Set<Group> { Set(isHeld.filter { $0.value == .some(false) }.keys) }
    }

    private struct State {
        var findings: [Findings]
        var waiting: [Waiter] = []

        /// Until when those wait, at the most, who need the next survey of an account, or the one that runs.
        var deadlines: [Int: ContinuousClock.Instant] = [:]
        var isWanted = false
        var isShutDown = false
    }

    /// How often it is looked for what is new.
    private static let pause = Duration.seconds(30)

    /// The same while lists are fetched for the first time: longer each time.
    private static let pausesOfFirstLists = Duration.milliseconds(50)...Duration.seconds(1)

    /// How many recordings of a group are tried, from all over the catalog: some of them may be damaged.
    private static let attempts = 16

    /// How many recordings of a bucket are tried: each needs a request.
    private static let bucketAttempts = 3

    /// How many recordings have to be unreadable for the group to be, where others can't be tried.
    private static let leastFailures = 3

    /// After how long what seems to be missing is tried again, with other recordings.
    private static let doubtInterval = Duration.seconds(600)

    /// How long one attempt with a key may take: video's may need a request.
    private static let patience = Duration.seconds(60)

    /// How long the attempts with a bucket may take, all at once.
    private static let bucketPatience = Duration.seconds(5)

    /// How often it is looked meanwhile whether somebody has waited long enough.
    private static let interval = Duration.milliseconds(500)

    private let branches: [Branch]
    private let library: MediaLibrary
    private let isHiding: Bool

    /// How long those wait who list directories.
    private let listingPatience: Duration
    private let logger: Logger
    private let state: Condition<State>
    private let thread = Locked<NamedThread?>(nil)

    /// Makes it; ``start()`` begins.
    ///
    /// - Parameters:
    ///   - branches: in the order of their numbers.
    ///   - isHiding: whether what can't be read is left out.
    public convenience init(branches: [Branch], library: MediaLibrary, isHiding: Bool, logger: Logger) {
        // A minute: a survey takes some seconds as long as media answers. Opening a directory fails after 100 seconds,
        // of which its list may have taken some.
        self.init(
            branches: branches, library: library, isHiding: isHiding, listingPatience: .seconds(60), logger: logger)
    }

    /// - Parameter listingPatience: how long those wait who list directories, all of them together.
    init(branches: [Branch], library: MediaLibrary, isHiding: Bool, listingPatience: Duration, logger: Logger) {
        self.branches = branches
        self.library = library
        self.isHiding = isHiding
        self.listingPatience = listingPatience
        self.logger = logger
        state = Condition(State(findings: Array(repeating: Findings(), count: branches.count)))
    }

    /// Begins.
    ///
    /// - Throws: ``SystemError`` when the system has no thread left.
    public func start() throws {
        let thread = try NamedThread(name: "readability") { [self] in
            var (pause, nextPause) = (Duration.zero, Self.pausesOfFirstLists.lowerBound)
            while true {
                let isShutDown = state.wait(timeout: pause) { state -> Bool? in
                    if state.isShutDown { return true }
                    guard state.isWanted else { return nil }
                    state.isWanted = false
                    return false
                }
                if isShutDown == true { return }
                var isWhole = true
                for index in branches.indices where !survey(index) { isWhole = false }
                pause = isWhole ? Self.pause : nextPause
                nextPause = min(nextPause * 2, Self.pausesOfFirstLists.upperBound)
            }
        }
        self.thread.withLock { $0 = thread }
    }

    /// Ends the thread.
    ///
    /// The transfer client is to be shut down before.
    public func shutDown() {
        state.change { $0.isShutDown = true }
        release { _ in true }
        thread.withLock { $0 }?.join()
    }

    /// What can't be read, of all accounts, as far as it was found out.
    public var unreadable: [Unreadable] {
        state.changeQuietly { $0.findings.flatMap(\.unreadable) }
    }

    /// What is to be told of what can't be read, once the whole lists were looked at, or as far as it was found out
    /// when that takes too long.
    public func sentences(within patience: Duration) -> [String] {
        state.waitUntil(timeout: patience) { $0.isShutDown || $0.findings.allSatisfy(\.isWhole) }
        let findings = state.changeQuietly { $0.findings.map(\.unreadable) }
        return zip(branches, findings).flatMap { branch, unreadable in
            unreadable.map { branches.count > 1 ? "\(branch.account): \($0.sentence)" : $0.sentence }
        }
    }

    /// Calls a completion once it is known what an account's directories leave out: at once if it is, or if they leave
    /// out nothing.
    ///
    /// If media doesn't answer, it is called all the same after a while, which begins for all with the first who waits:
    /// one for each directory would be hours.
    func whenSettled(_ number: BranchNumber, completion: @escaping @Sendable () -> Void) {
        let index = Int(number.rawValue)
        let catalog = branches[index].catalog
        guard isHiding, let numbers = try? catalog.requirements().keys else {
            completion()
            return
        }
        let epoch = catalog.epoch
        let counts = Self.counts(branches[index])
        var marks: [Group: Mark] = [:]
        for number in numbers {
            for kind in branches[index].kinds {
                let group = Group(number: number, kind: kind)
                marks[group] = Self.mark(of: group, counts, in: catalog)
            }
        }
        let now = ContinuousClock.now
        let isSettled = state.change { [marks] state -> Bool in
            let findings = state.findings[index]
            let isKnown = marks.allSatisfy { group, mark in
                findings.isHeld[group] != nil || findings.markWithoutAny[group] == mark
            }
            if state.isShutDown || findings.epoch == epoch && isKnown { return true }
            let deadline = state.deadlines[index] ?? now + listingPatience
            guard now < deadline else { return true }
            state.deadlines[index] = deadline
            state.waiting.append(Waiter(branch: index, deadline: deadline, completion: completion))
            state.isWanted = true
            return false
        }
        if isSettled { completion() }
    }

    /// Whether a recording that is shown may come to be left out: it isn't known whether it can be read.
    func mayVanish(_ entry: CatalogEntry, in number: BranchNumber) -> Bool {
        guard isHiding else { return false }
        guard let requirement = entry.requirement else {
            // Video that is encrypted says so with its media, if the resource doesn't.
            return entry.kind.envelopePlace == .media && entry.plaintextSize == nil
        }
        let index = Int(number.rawValue)
        let epoch = branches[index].catalog.epoch
        let group = Group(number: requirement, kind: entry.kind)
        return state.changeQuietly { state -> Bool in
            let isHeld: Bool? = state.findings[index].isHeld[group] ?? nil
            return isHeld != true || state.findings[index].epoch != epoch
        }
    }

    /// How many recordings of each kind an account has, as far as they are listed.
    private static func counts(_ branch: Branch) -> [MediaKind: Int64] {
        var counts: [MediaKind: Int64] = [:]
        for kind in branch.kinds { counts[kind] = (try? branch.catalog.totals(of: kind).count) ?? 0 }
        return counts
    }

    private static func mark(of group: Group, _ counts: [MediaKind: Int64], in catalog: Catalog) -> Mark {
        Mark(count: counts[group.kind] ?? 0, gains: catalog.gains(ofRequirement: group.number, kind: group.kind))
    }

    private static func isListed(_ branch: Branch) -> Bool {
        branch.kinds.allSatisfy(branch.synchronizer.isComplete)
    }

    private var isShutDown: Bool { state.changeQuietly { $0.isShutDown } }

    /// Has those go on who have waited for something that has come, or long enough.
    private func release(_ isDue: (Waiter) -> Bool) {
        let due = state.changeQuietly { state in
            let due = state.waiting.filter(isDue)
            state.waiting.removeAll(where: isDue)
            return due
        }
        for waiter in due { waiter.completion() }
    }

    // MARK: The survey

    /// Looks at one account.
    ///
    /// - Returns: whether all of its lists were whole.
    private func survey(_ index: Int) -> Bool {
        // Who asks during the survey may have seen more than it does, and waits for the next one.
        state.changeQuietly { state in
            for place in state.waiting.indices where state.waiting[place].branch == index {
                state.waiting[place].isServed = true
            }
        }
        defer {
            release { $0.branch == index && $0.isServed }
            state.changeQuietly { state in
                // Who waits for the next survey has waited for this one.
                if !state.waiting.contains(where: { $0.branch == index }) { state.deadlines[index] = nil }
            }
        }
        // Asked before: a list that ends during the survey isn't counted yet.
        let isWhole = Self.isListed(branches[index])
        let catalog = branches[index].catalog
        let epoch = catalog.epoch
        do throws(CatalogError) {
            let requirements = try catalog.requirements()
            var findings = state.changeQuietly { $0.findings[index] }
            if findings.epoch != epoch { findings = Findings() }
            findings.epoch = epoch
            // Asked before: what comes during the survey is looked at in the next one.
            let kindCounts = Self.counts(branches[index])
            let doubts = ContinuousClock.now - findings.lastDoubt > Self.doubtInterval
            if doubts { findings.lastDoubt = .now }
            // Keys first: what is elsewhere takes longer.
            for (number, requirement) in requirements.sorted(by: { $1.value == .bucket && $0.value != .bucket }) {
                // Voice first: its envelopes are at hand, and prove the same for video where keys aren't declared.
                for kind in branches[index].kinds.sorted(by: { $0.rawValue < $1.rawValue }) {
                    let group = Group(number: number, kind: kind)
                    // Asked before as well.
                    let mark = Self.mark(of: group, kindCounts, in: catalog)
                    switch findings.isHeld[group] ?? nil {
                    case true?: continue
                    case false? where !doubts && !hasProof(of: requirement, kind): continue
                    default:
                        // Another mount of the account may have learnt what this one doesn't know.
                        guard doubts || findings.markWithoutAny[group] != mark else { continue }
                        let examples = try examples(of: requirement, group, in: catalog)
                        if examples.isEmpty {
                            findings.markWithoutAny[group] = mark
                        } else {
                            findings.isHeld[group] = .some(try find(requirement, group, examples, in: catalog))
                            // What comes next may take long, and nobody waits for it for ever.
                            apply(findings, to: index)
                        }
                    }
                }
            }
            apply(findings, to: index)
            findings.isWhole = isWhole
            let missing = findings.missing
            if isCountDue(missing, findings) {
                let counts = missing.isEmpty ? [:] : try catalog.requirementCounts()
                findings.unreadable = requirements.compactMap { number, requirement in
                    self.unreadable(requirement, number, findings, counts[requirement] ?? [:])
                }.sorted { $0.requirement.name < $1.requirement.name }
                findings.counted = (missing, .now)
            }
            settle(index, findings)
            return isWhole
        } catch {
            logger.debug("it can't be known what can't be read: \(error)")
            var nothing = Findings()
            nothing.epoch = -1
            settle(index, nothing)
            return false
        }
    }

    /// Has verdicts count.
    private func apply(_ findings: Findings, to index: Int) {
        let catalog = branches[index].catalog
        guard catalog.epoch == findings.epoch else { return }
        if isHiding {
            catalog.hide(
                requirements: Dictionary(grouping: findings.missing, by: \.kind).mapValues { Set($0.map(\.number)) })
        }
        state.changeQuietly { state in
            state.findings[index].isHeld = findings.isHeld
            state.findings[index].markWithoutAny = findings.markWithoutAny
            state.findings[index].epoch = findings.epoch
        }
    }

    /// Whether it is to be counted what can't be read.
    ///
    /// That goes over all of the catalog. While it grows, it is done when something more is missing, and now and then.
    private func isCountDue(_ missing: Set<Group>, _ findings: Findings) -> Bool {
        guard !findings.isWhole, let counted = findings.counted else { return true }
        return missing != counted.missing || ContinuousClock.now - counted.time > Self.pause
    }

    private func unreadable(
        _ requirement: MediaRequirement, _ number: Int64, _ findings: Findings, _ counts: [MediaKind: Int64]
    ) -> Unreadable? {
        func isHeld(_ kind: MediaKind) -> Bool? { findings.isHeld[Group(number: number, kind: kind)] ?? nil }
        let missing = counts.filter { isHeld($0.key) == false && $0.value > 0 }
        guard !missing.isEmpty else { return nil }
        return Unreadable(
            requirement: requirement, kinds: Set(missing.keys),
            isHeldForOthers: counts.keys.contains { isHeld($0) == true },
            count: missing.values.sumSaturated(), isWhole: findings.isWhole, isHidden: isHiding)
    }

    private func settle(_ index: Int, _ findings: Findings) {
        let news = state.change { state in
            let before = state.findings[index]
            state.findings[index] = findings
            state.findings[index].told = before.told
            // Another number of recordings isn't logged again, unless the lists have become whole.
            let news = findings.unreadable.filter { item in
                before.told[item.requirement].map { !$0 && item.isWhole } ?? true
            }
            for item in news { state.findings[index].told[item.requirement] = item.isWhole }
            return news
        }
        // The same sentence may be true of several accounts.
        let fields: Logger.Metadata = branches.count > 1 ? ["account": "\(branches[index].account)"] : [:]
        for item in news { logger.warning("\(item.sentence)", metadata: fields) }
    }

    // MARK: Attempts

    private func hasProof(of requirement: MediaRequirement, _ kind: MediaKind) -> Bool {
        guard case .privateKey(let sid) = requirement else { return false }
        return library.isKeyHeld(publicKeySID: sid, kind: kind) == true
    }

    /// Some recordings of a group, to be tried.
    private func examples(
        of requirement: MediaRequirement, _ group: Group, in catalog: Catalog
    ) throws(CatalogError) -> [MediaResource] {
        let attempts = requirement == .bucket ? Self.bucketAttempts : Self.attempts
        var resources: [MediaResource] = []
        for sid in try catalog.examples(ofRequirement: group.number, kind: group.kind, limit: attempts) {
            if let resource = try catalog.resource(of: sid) { resources.append(resource) }
        }
        return resources
    }

    /// Whether what a group requires is held; nil when that can't be found out now.
    ///
    /// One recording that can be read proves it.
    private func find(
        _ requirement: MediaRequirement, _ group: Group, _ resources: [MediaResource], in catalog: Catalog
    ) throws(CatalogError) -> Bool? {
        if hasProof(of: requirement, group.kind) { return true }
        if requirement == .bucket { return isAnyThere(resources) }
        var findings: [Bool?] = []
        for resource in resources {
            let finding = isKeyHeld(for: resource, facts: try catalog.mediaFacts(of: resource.sid)?.facts)
            if finding == true { return true }
            findings.append(finding)
        }
        let failures = findings.count { $0 == false }
        return failures > 0 && (failures == findings.count || failures >= Self.leastFailures) ? false : nil
    }

    private func isKeyHeld(for resource: MediaResource, facts: [UInt8]?) -> Bool? {
        let answer = Condition<Bool??>(nil)
        let deadline = ContinuousClock.now + Self.patience
        library.findOutKey(of: resource, facts: facts.flatMap { MediaFacts(stored: $0) }) { isHeld in
            answer.change { $0 = .some(isHeld) }
        }
        while !isShutDown {
            let found: Bool?? = answer.wait(timeout: Self.interval) { $0 }
            if let isHeld = found { return isHeld }
            let now = ContinuousClock.now
            release { $0.deadline <= now }
            guard now < deadline else { return nil }
        }
        return nil
    }

    /// Whether Twilio has the media of one of some recordings after all, wherever their resources say that it is.
    private func isAnyThere(_ resources: [MediaResource]) -> Bool {
        let answers = Condition<[Bool]>([])
        for resource in resources {
            library.describe(resource, priority: .background) { result in
                let isThere =
                    switch result {
                    case .success: true
                    case .failure(let error): error.code == .keyNotHeld
                    }
                answers.change { $0.append(isThere) }
            }
        }
        return answers.wait(timeout: Self.bucketPatience) { answers -> Bool? in
            answers.contains(true) ? true : answers.count == resources.count ? false : nil
        } ?? false
    }
}

extension Readability.Unreadable {
    /// What is to be told of it.
    public var sentence: String {
        let noun = isWhole ? count == 1 ? "recording" : "recordings" : "of the recordings listed so far"
        let recordings = "\(count) \(noun) \(count == 1 ? "is" : "are")"
        let fact =
            switch requirement {
            case .privateKey(let sid): "\(recordings) encrypted for \(sid), whose private key isn't held\(use)"
            case .unnamedKey:
                "\(recordings) encrypted for a public key that Twilio doesn't name, whose private key isn't held"
            case .bucket: "\(recordings) kept outside of Twilio, in a bucket of the account's owner, and can't be read"
            }
        return isHidden ? "\(fact); --hide-unreadable leaves \(count == 1 ? "it" : "them") out" : fact
    }

    /// For what the private key isn't held, where it is for something else.
    private var use: String {
        guard isHeldForOthers, let kind = MediaKind.allCases.first(where: kinds.contains) else { return "" }
        return " for \(kind.keyUseName)"
    }
}
