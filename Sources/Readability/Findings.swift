import Support
import TwilioAPI

/// The survey's findings about one account.
struct Findings {
    /// The least time between counts of the same groups while lists are incomplete: a count scans the whole catalog.
    private static let countInterval = Duration.seconds(30)

    /// The time after which missing requirements are tried again, with other recordings.
    private static let doubtInterval = Duration.seconds(600)

    /// Whether the requirement of a group is held; a nil value after an inconclusive trial.
    var isHeld: [RequirementGroup: Bool?] = [:]

    /// The marks that groups without recordings had when they were surveyed.
    var marksOfEmptyGroups: [RequirementGroup: GroupMark] = [:]

    /// The epoch of the database that numbers the requirements.
    var epoch = 0

    private(set) var unreadable: [UnreadableRecordings] = []

    /// Whether complete lists were surveyed.
    var isWhole = false

    private var lastDoubt = ContinuousClock.now

    /// The missing groups at the last count, and its time.
    private var counted: (missing: Set<RequirementGroup>, time: ContinuousClock.Instant)?

    /// The logged requirements, and whether their count covered complete lists.
    private var logged: [MediaRequirement: Bool] = [:]

    var missing: Set<RequirementGroup> { Set(isHeld.filter { $0.value == .some(false) }.keys) }

    /// The verdict on a group; nil if there is none.
    func verdict(on group: RequirementGroup) -> Bool? { isHeld[group] ?? nil }

    /// Notes the result of a trial; an inconclusive one (nil) leaves an earlier verdict.
    mutating func note(_ result: Bool?, on group: RequirementGroup) {
        isHeld[group] = .some(result ?? verdict(on: group))
    }

    /// Whether every group was tried, or was empty at its survey and still has the same mark.
    ///
    /// A missing requirement counts only once complete lists were surveyed: the recordings that were listed first may
    /// be those that their owner has deleted from a bucket.
    func cover(_ marks: [(group: RequirementGroup, mark: GroupMark)]) -> Bool {
        marks.allSatisfy { group, mark in
            isHeld[group].map { isWhole || $0 != false } ?? (marksOfEmptyGroups[group] == mark)
        }
    }

    /// Whether to try missing requirements again in this survey; called once per survey.
    ///
    /// - Parameter isWhole: whether this survey is of complete lists; the first of these doubts what was found before.
    mutating func areDoubted(isWhole: Bool, now: ContinuousClock.Instant = .now) -> Bool {
        let isFirstOfWhole = isWhole && !self.isWhole
        guard isFirstOfWhole || now - lastDoubt > Self.doubtInterval else { return false }
        lastDoubt = now
        return true
    }

    /// Whether to count now.
    ///
    /// Complete lists are always counted; incomplete ones the first time, when `missing` has changed, and after
    /// ``countInterval``.
    func isCountDue(now: ContinuousClock.Instant = .now) -> Bool {
        guard !isWhole, let counted else { return true }
        return missing != counted.missing || now - counted.time > Self.countInterval
    }

    /// Updates ``unreadable`` from the number of recordings by requirement and kind.
    mutating func count(
        _ counts: [MediaRequirement: [MediaKind: Int64]], of requirements: [Int64: MediaRequirement], isHiding: Bool
    ) {
        unreadable = requirements.compactMap { number, requirement in
            let counts = counts[requirement] ?? [:]
            func verdict(_ kind: MediaKind) -> Bool? { self.verdict(on: RequirementGroup(number: number, kind: kind)) }
            let missing = counts.filter { verdict($0.key) == false && $0.value > 0 }
            guard !missing.isEmpty else { return nil }
            return UnreadableRecordings(
                requirement: requirement, kinds: Set(missing.keys),
                isHeldForOthers: counts.keys.contains { verdict($0) == true }, count: missing.values.sumSaturated(),
                isWhole: isWhole, isHidden: isHiding)
        }.sorted { $0.requirement.name < $1.requirement.name }
        counted = (missing, .now)
    }

    /// Replaces these findings with later ones.
    ///
    /// - Returns: The items to log: new ones, and those whose lists have become complete.
    mutating func replace(by later: Findings) -> [UnreadableRecordings] {
        let logged = logged
        self = later
        self.logged = logged
        let news = unreadable.filter { item in logged[item.requirement].map { !$0 && item.isWhole } ?? true }
        for item in news { self.logged[item.requirement] = item.isWhole }
        return news
    }
}
