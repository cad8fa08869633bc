import Catalog
import Logging
import Media
import Support
import TwilioAPI

/// Determines whether the requirements of each account are held; one thread surveys the accounts in turn.
final class ReadabilitySurvey: Sendable {
    struct State {
        /// The findings by account; changed by the survey's thread alone.
        var findings: [Findings]
        /// The number of times that all findings were dropped; a survey of an earlier time counts for nothing.
        var generation = 0
        var isShutDown = false

        /// Drops all findings, and what was concluded from them.
        mutating func dropFindings() {
            generation += 1
            // No database has this epoch, so nothing counts as surveyed.
            for index in findings.indices { findings[index].epoch = -1 }
        }
    }

    let state: Condition<State>
    private let accounts: [SurveyedAccount]
    private let isHiding: Bool
    private let trial: RequirementTrial
    private let waiters: ListingWaiters
    private let logger: Logger

    init(
        _ accounts: [SurveyedAccount], isHiding: Bool, library: MediaLibrary, waiters: ListingWaiters, logger: Logger
    ) {
        self.accounts = accounts
        self.isHiding = isHiding
        trial = RequirementTrial(library: library, waiters: waiters)
        self.waiters = waiters
        self.logger = logger
        state = Condition(State(findings: Array(repeating: Findings(), count: accounts.count)))
    }

    /// Surveys all accounts; returns whether all lists were complete.
    func run() -> Bool {
        var isWhole = true
        for index in accounts.indices where !survey(index) { isWhole = false }
        return isWhole
    }

    private func survey(_ index: Int) -> Bool {
        waiters.surveyWillBegin(index)
        defer { waiters.surveyDidEnd(index) }
        while true {
            let generation = state.changeQuietly { $0.generation }
            let isWhole = survey(index, generation)
            // What waits for this survey asks about the requirements that are held now.
            if waiters.isShutDown || state.changeQuietly({ $0.generation }) == generation { return isWhole }
        }
    }

    private func survey(_ index: Int, _ generation: Int) -> Bool {
        let catalog = accounts[index].catalog
        // Read before the survey: a list that becomes complete meanwhile counts as complete in the next survey.
        let isWhole = accounts[index].isListed
        let epoch = catalog.epoch
        do throws(CatalogError) {
            let requirements = try catalog.requirements.all()
            var findings = state.changeQuietly { $0.findings[index] }
            if findings.epoch != epoch { findings = Findings() }
            findings.epoch = epoch
            let isDoubted = findings.areDoubted(isWhole: isWhole)
            try examine(requirements, of: index, &findings, generation, isDoubted: isDoubted)
            apply(findings, to: index, generation)
            findings.isWhole = isWhole
            if findings.isCountDue() {
                let counts = findings.missing.isEmpty ? [:] : try catalog.requirements.counts()
                findings.count(counts, of: requirements, isHiding: isHiding)
            }
            settle(index, findings, generation)
            return isWhole
        } catch {
            logger.debug("unreadable recordings can't be counted: \(error)")
            var nothing = Findings()
            // No database has this epoch, so nothing counts as surveyed.
            nothing.epoch = -1
            settle(index, nothing, generation)
            return false
        }
    }

    /// Tries the requirements without a verdict or with a doubtful one.
    private func examine(
        _ requirements: [Int64: MediaRequirement], of index: Int, _ findings: inout Findings, _ generation: Int,
        isDoubted: Bool
    ) throws(CatalogError) {
        let catalog = accounts[index].catalog
        // Keys come before buckets, which take longer.
        let numbers = requirements.keys.sorted { requirements[$1] == .bucket && requirements[$0] != .bucket }
        // The marks are read before the trials: recordings added meanwhile belong to the next survey.
        for (group, mark) in accounts[index].marks(of: numbers) {
            guard let requirement = requirements[group.number],
                isDue(group, requirement, mark, findings, isDoubted: isDoubted)
            else { continue }
            let examples = try trial.examples(of: requirement, group, in: catalog)
            if examples.isEmpty {
                findings.marksOfEmptyGroups[group] = mark
            } else {
                findings.note(try trial.isHeld(requirement, group, tryingWith: examples, in: catalog), on: group)
                // Applied at once: the next trial may take longer than listings wait.
                apply(findings, to: index, generation)
            }
        }
    }

    private func isDue(
        _ group: RequirementGroup, _ requirement: MediaRequirement, _ mark: GroupMark, _ findings: Findings,
        isDoubted: Bool
    ) -> Bool {
        switch findings.verdict(on: group) {
        case true?:
            return false
        case false? where !isDoubted && !trial.hasProof(of: requirement, group.kind):
            return false
        default:
            // In doubt, empty groups are tried again too: marks don't show all changes by other mounts.
            return isDoubted || findings.marksOfEmptyGroups[group] != mark
        }
    }

    /// Publishes verdicts and hides the recordings of missing groups.
    private func apply(_ findings: Findings, to index: Int, _ generation: Int) {
        let catalog = accounts[index].catalog
        guard catalog.epoch == findings.epoch else { return }
        state.changeQuietly { state in
            guard state.generation == generation else { return }
            if isHiding {
                catalog.requirements.hide(
                    Dictionary(grouping: findings.missing, by: \.kind).mapValues { Set($0.map(\.number)) },
                    epoch: findings.epoch)
            }
            state.findings[index].isHeld = findings.isHeld
            state.findings[index].marksOfEmptyGroups = findings.marksOfEmptyGroups
            state.findings[index].epoch = findings.epoch
        }
    }

    /// Publishes the findings of a finished survey and logs new ones.
    private func settle(_ index: Int, _ findings: Findings, _ generation: Int) {
        let news = state.change { state -> [UnreadableRecordings] in
            guard state.generation == generation else { return [] }
            return state.findings[index].replace(by: findings)
        }
        // Several accounts may have the same sentence.
        let fields: Logger.Metadata = accounts.count > 1 ? ["account": "\(accounts[index].sid)"] : [:]
        for item in news { logger.warning("\(item.sentence)", metadata: fields) }
    }
}
