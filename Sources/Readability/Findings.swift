import Support
import TwilioAPI

/// The survey's findings about one account.
struct Findings {
    /// How long counting can be put off while the catalog grows: it goes over all of it.
    private static let countInterval = Duration.seconds(30)

    /// Missing requirements are tried again after this time, with other recordings.
    private static let doubtInterval = Duration.seconds(600)

    /// Whether the requirement of a group is held; a nil value where that couldn't be found out yet.
    var isHeld: [RequirementGroup: Bool?] = [:]

    /// The marks of groups when they had no recordings.
    var marksOfEmptyGroups: [RequirementGroup: GroupMark] = [:]

    /// The database that the requirements' numbers belong to.
    var epoch = 0

    private(set) var unreadable: [UnreadableRecordings] = []

    /// Whether complete lists were surveyed.
    var isWhole = false

    private var lastDoubt = ContinuousClock.now

    /// The groups that were missing when `unreadable` was last counted, and the time of that.
    private var counted: (missing: Set<RequirementGroup>, time: ContinuousClock.Instant)?

    /// The requirements that were logged, and whether they were counted in complete lists.
    private var logged: [MediaRequirement: Bool] = [:]

    /// The groups that can't be read.
    var missing: Set<RequirementGroup> { Set(isHeld.filter { $0.value == .some(false) }.keys) }

    /// The verdict on a group; nil where there is none yet.
    func verdict(on group: RequirementGroup) -> Bool? { isHeld[group] ?? nil }

    /// Whether each of some groups was surveyed since it has had its present mark.
    func cover(_ marks: [RequirementGroup: GroupMark]) -> Bool {
        marks.allSatisfy { group, mark in isHeld[group] != nil || marksOfEmptyGroups[group] == mark }
    }

    /// Whether missing requirements are to be tried again now; asked once for each survey.
    mutating func areDoubted(now: ContinuousClock.Instant = .now) -> Bool {
        guard now - lastDoubt > Self.doubtInterval else { return false }
        lastDoubt = now
        return true
    }

    /// Whether the unreadable recordings are to be counted.
    ///
    /// While the catalog grows, they are when other groups are missing, and now and then.
    func isCountDue(now: ContinuousClock.Instant = .now) -> Bool {
        guard !isWhole, let counted else { return true }
        return missing != counted.missing || now - counted.time > Self.countInterval
    }

    /// Takes in how many recordings of each kind have each requirement.
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

    /// Replaces these findings by those of a later survey.
    ///
    /// - Returns: what is to be logged. Another number of recordings isn't logged again, unless the lists have become
    ///   complete.
    mutating func replace(by later: Findings) -> [UnreadableRecordings] {
        let logged = logged
        self = later
        self.logged = logged
        let news = unreadable.filter { item in logged[item.requirement].map { !$0 && item.isWhole } ?? true }
        for item in news { self.logged[item.requirement] = item.isWhole }
        return news
    }
}
