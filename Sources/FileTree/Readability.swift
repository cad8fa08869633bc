import Catalog
public import Logging
public import Media
import Threading
public import TwilioAPI

/// Finds out which recordings can't be read for want of a private key or of a bucket's credentials, says so once for
/// each reason, and leaves them out of the directories if that is asked for.
public final class Readability: Sendable {
    /// Recordings that can't be read, for one reason.
    public struct Unreadable: Hashable, Sendable {
        /// What would have to be held.
        public let requirement: MediaRequirement

        /// How many completed recordings require it.
        public let count: Int64

        /// Whether they are left out of the directories.
        public let isHidden: Bool
    }

    /// What is known of one account.
    private struct Findings {
        /// Whether what a requirement's number stands for is held; nil where that couldn't be found out yet.
        var isHeld: [Int64: Bool?] = [:]

        /// Which database the numbers belong to.
        var epoch = 0
        var unreadable: [Unreadable] = []

        /// What was logged.
        var told: Set<MediaRequirement> = []

        /// Who waits until every requirement was looked at.
        var waiting: [@Sendable () -> Void] = []
    }

    private struct State {
        var findings: [Findings]
        var isWanted = false
        var isShutDown = false
    }

    /// How often it is looked for what is new.
    private static let pause = Duration.seconds(30)

    /// The same while lists are fetched for the first time.
    private static let pauseOfFirstLists = Duration.seconds(1)

    /// How many recordings of a public key are tried.
    private static let attempts = 3

    /// How long one key's attempt may take: video's may need a request.
    private static let patience = Duration.seconds(60)

    private let branches: [Branch]
    private let library: MediaLibrary
    private let isHiding: Bool
    private let logger: Logger
    private let state: Condition<State>
    private let thread = Locked<NamedThread?>(nil)

    /// Makes it; ``start()`` begins.
    ///
    /// - Parameters:
    ///   - branches: in the order of their numbers.
    ///   - isHiding: whether what can't be read is left out.
    public init(branches: [Branch], library: MediaLibrary, isHiding: Bool, logger: Logger) {
        self.branches = branches
        self.library = library
        self.isHiding = isHiding
        self.logger = logger
        state = Condition(State(findings: Array(repeating: Findings(), count: branches.count)))
    }

    /// Begins.
    ///
    /// - Throws: ``ThreadingError`` when the system has no thread left.
    public func start() throws {
        let thread = try NamedThread(name: "readability") { [self] in
            var pause = Duration.zero
            while true {
                let isShutDown = state.wait(timeout: pause) { state -> Bool? in
                    if state.isShutDown { return true }
                    guard state.isWanted else { return nil }
                    state.isWanted = false
                    return false
                }
                if isShutDown == true { return }
                // Asked before: a list that ends during the survey isn't counted yet.
                let isWhole = branches.allSatisfy(Self.isListed)
                for index in branches.indices { survey(index) }
                pause = isWhole ? Self.pause : Self.pauseOfFirstLists
            }
        }
        self.thread.withLock { $0 = thread }
    }

    /// Ends the thread.
    ///
    /// The transfer client is to be shut down before.
    public func shutDown() {
        let waiting = state.change { state in
            state.isShutDown = true
            defer { for index in state.findings.indices { state.findings[index].waiting = [] } }
            return state.findings.flatMap(\.waiting)
        }
        for completion in waiting { completion() }
        thread.withLock { $0 }?.join()
    }

    /// What can't be read, of all accounts, as far as it was found out.
    public var unreadable: [Unreadable] {
        state.changeQuietly { $0.findings.flatMap(\.unreadable) }
    }

    /// Calls a completion once it is known what an account's directories leave out: at once if it is, or if they leave
    /// out nothing.
    func whenSettled(_ number: BranchNumber, completion: @escaping @Sendable () -> Void) {
        let index = Int(number.rawValue)
        let catalog = branches[index].catalog
        guard isHiding, let numbers = try? catalog.requirements().keys else {
            completion()
            return
        }
        let epoch = catalog.epoch
        let isSettled = state.change { state -> Bool in
            let findings = state.findings[index]
            if state.isShutDown || findings.epoch == epoch && numbers.allSatisfy({ findings.isHeld[$0] != nil }) {
                return true
            }
            state.findings[index].waiting.append(completion)
            state.isWanted = true
            return false
        }
        if isSettled { completion() }
    }

    private static func isListed(_ branch: Branch) -> Bool {
        branch.kinds.allSatisfy(branch.synchronizer.isComplete)
    }

    // MARK: The survey

    private func survey(_ index: Int) {
        let catalog = branches[index].catalog
        let epoch = catalog.epoch
        do throws(CatalogError) {
            let requirements = try catalog.requirements()
            var isHeld = state.changeQuietly { $0.findings[index].epoch == epoch ? $0.findings[index].isHeld : [:] }
            for (number, requirement) in requirements where (isHeld[number] ?? nil) == nil {
                isHeld[number] = .some(try find(requirement, number, in: catalog))
            }
            if isHiding {
                catalog.hide(requirements: Set(isHeld.filter { $0.value == false }.keys))
            }
            let missing = Set(requirements.filter { isHeld[$0.key] == .some(false) }.values)
            // Counting goes over all of the catalog, which is still growing until then.
            let isCounted = !missing.isEmpty && Self.isListed(branches[index])
            let counts = isCounted ? try catalog.requirementCounts() : [:]
            let unreadable = missing.compactMap { requirement in
                counts[requirement].map { Unreadable(requirement: requirement, count: $0, isHidden: isHiding) }
            }.sorted { $0.requirement.name < $1.requirement.name }
            settle(index, isHeld, epoch: epoch, unreadable)
        } catch {
            logger.debug("it can't be known what can't be read: \(error)")
            settle(index, [:], epoch: -1, [])
        }
    }

    private func settle(_ index: Int, _ isHeld: [Int64: Bool?], epoch: Int, _ unreadable: [Unreadable]) {
        let (waiting, news) = state.change { state in
            state.findings[index].isHeld = isHeld
            state.findings[index].epoch = epoch
            state.findings[index].unreadable = unreadable
            defer { state.findings[index].waiting = [] }
            let news = unreadable.filter { !state.findings[index].told.contains($0.requirement) }
            state.findings[index].told.formUnion(news.map(\.requirement))
            return (state.findings[index].waiting, news)
        }
        for item in news { logger.warning("\(item.sentence)") }
        for completion in waiting { completion() }
    }

    /// Whether what a requirement stands for is held; nil when that can't be found out now.
    private func find(
        _ requirement: MediaRequirement, _ number: Int64, in catalog: Catalog
    ) throws(CatalogError) -> Bool? {
        guard case .privateKey = requirement else { return false }
        var findings: [Bool?] = []
        // One of them may be damaged.
        for sid in try catalog.examples(ofRequirement: number, limit: Self.attempts) {
            guard let resource = try catalog.resource(of: sid) else { continue }
            let finding = findOutKey(of: resource, facts: try catalog.mediaFacts(of: sid)?.facts)
            if finding == true { return true }
            findings.append(finding)
        }
        return findings.isEmpty || findings.contains(nil) ? nil : false
    }

    private func findOutKey(of resource: MediaResource, facts: [UInt8]?) -> Bool? {
        let answer = Condition<Bool??>(nil)
        library.findOutKey(of: resource, facts: facts.flatMap { MediaFacts(stored: $0) }) { isHeld in
            answer.change { $0 = .some(isHeld) }
        }
        return answer.wait(timeout: Self.patience) { $0 } ?? nil
    }
}

extension Readability.Unreadable {
    /// What is to be told of it.
    public var sentence: String {
        let recordings = count == 1 ? "1 recording is" : "\(count) recordings are"
        let fact =
            switch requirement {
            case .privateKey(let sid): "\(recordings) encrypted for \(sid), whose private key isn't held"
            case .bucket: "\(recordings) kept outside of Twilio, in a bucket of the account's owner, and can't be read"
            }
        return isHidden ? "\(fact); --hide-unreadable leaves them out" : fact
    }
}
