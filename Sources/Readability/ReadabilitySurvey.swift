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
        var isShutDown = false
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
        let catalog = accounts[index].catalog
        // Read before the survey: a list completed during it isn't counted yet.
        let isWhole = accounts[index].isListed
        let epoch = catalog.epoch
        do throws(CatalogError) {
            let requirements = try catalog.requirements.all()
            var findings = state.changeQuietly { $0.findings[index] }
            if findings.epoch != epoch { findings = Findings() }
            findings.epoch = epoch
            try examine(requirements, of: index, &findings)
            apply(findings, to: index)
            findings.isWhole = isWhole
            if findings.isCountDue() {
                let counts = findings.missing.isEmpty ? [:] : try catalog.requirements.counts()
                findings.count(counts, of: requirements, isHiding: isHiding)
            }
            settle(index, findings)
            return isWhole
        } catch {
            logger.debug("unreadable recordings can't be counted: \(error)")
            var nothing = Findings()
            // No database has this epoch, so nothing counts as surveyed.
            nothing.epoch = -1
            settle(index, nothing)
            return false
        }
    }

    /// Tries the requirements without a verdict or with a doubtful one.
    private func examine(
        _ requirements: [Int64: MediaRequirement], of index: Int, _ findings: inout Findings
    ) throws(CatalogError) {
        let catalog = accounts[index].catalog
        let isDoubted = findings.areDoubted()
        // Keys before buckets, which take longer.
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
                apply(findings, to: index)
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
    private func apply(_ findings: Findings, to index: Int) {
        let catalog = accounts[index].catalog
        guard catalog.epoch == findings.epoch else { return }
        if isHiding {
            catalog.requirements.hide(
                Dictionary(grouping: findings.missing, by: \.kind).mapValues { Set($0.map(\.number)) },
                epoch: findings.epoch)
        }
        state.changeQuietly { state in
            state.findings[index].isHeld = findings.isHeld
            state.findings[index].marksOfEmptyGroups = findings.marksOfEmptyGroups
            state.findings[index].epoch = findings.epoch
        }
    }

    /// Publishes the findings of a finished survey and logs new ones.
    private func settle(_ index: Int, _ findings: Findings) {
        let news = state.change { $0.findings[index].replace(by: findings) }
        // Several accounts may have the same sentence.
        let fields: Logger.Metadata = accounts.count > 1 ? ["account": "\(accounts[index].sid)"] : [:]
        for item in news { logger.warning("\(item.sentence)", metadata: fields) }
    }
}
