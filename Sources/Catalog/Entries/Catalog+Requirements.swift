import Threading
public import TwilioAPI

/// What has to be held for recordings to be read, and leaving out those of which it isn't.
extension Catalog {
    /// What completed recordings require that the window shows, hidden or not, and how many of them require it.
    ///
    /// Takes a tenth of a second for a million recordings.
    public func requirementCounts() throws(CatalogError) -> [MediaRequirement: Int64] {
        let (isUnbounded, seconds) = (window.isUnbounded, window.seconds)
        let kinds = window.kinds.map { String($0.rawValue) }.joined(separator: ", ")
        let times = isUnbounded ? "" : " AND created >= ?8 AND created < ?9"
        let requirements = try requirements()
        return try read { database in
            // One after the other: grouping would sort all of them.
            let select = try RawStatement(
                database,
                """
                SELECT requirement FROM entry
                WHERE requirement IS NOT NULL AND status IS NULL AND kind IN (\(kinds))\(times)
                """)
            if !isUnbounded {
                select.bind(8, seconds.lowerBound)
                select.bind(9, seconds.upperBound)
            }
            var counts: [Int64: Int64] = [:]
            while try select.step() { counts[select.integer(0), default: 0] += 1 }
            // Another program may have given a name two numbers.
            return Dictionary(
                counts.compactMap { number, count in requirements[number].map { ($0, count) } },
                uniquingKeysWith: { $0.addingSaturated($1) })
        }
    }

    /// All requirements that any recording ever had, by their numbers.
    public func requirements() throws(CatalogError) -> [Int64: MediaRequirement] {
        try read { database in
            let select = try RawStatement(database, "SELECT id, name FROM requirement")
            var requirements: [Int64: MediaRequirement] = [:]
            while try select.step() {
                if let requirement = select.text(1).flatMap(MediaRequirement.init(name:)) {
                    requirements[select.integer(0)] = requirement
                }
            }
            return requirements
        }
    }

    /// The requirement with a number; nil when it can't be had.
    public func requirement(_ number: Int64) -> MediaRequirement? {
        if let known = knownRequirements.withLock({ $0[number] }) { return known }
        guard let all = try? requirements() else { return nil }
        knownRequirements.withLock { $0 = all }
        return all[number]
    }

    /// Some completed recordings that have a requirement, voice first: their envelopes are at hand.
    ///
    /// - Parameter number: the requirement's.
    public func examples(ofRequirement number: Int64, limit: Int) throws(CatalogError) -> [SID] {
        try read { database in
            var sids: [SID] = []
            for kind in MediaKind.allCases where sids.count < limit {
                let select = try RawStatement(
                    database,
                    "\(CatalogEntry.select) WHERE kind = ?1 AND requirement = ?2 AND status IS NULL LIMIT ?3")
                select.bind(1, Int64(kind.rawValue))
                select.bind(2, number)
                select.bind(3, Int64(limit - sids.count))
                while try select.step() {
                    sids.append(CatalogEntry(try EntryRow(select)).sid)
                }
            }
            return sids
        }
    }

    /// Leaves out of all queries the recordings that have one of some requirements.
    public func hide(requirements numbers: Set<Int64>) {
        hiddenRequirements.withLock { $0 = numbers }
    }

    /// Whether a recording isn't shown for what it requires.
    public func isHidden(_ entry: CatalogEntry) -> Bool {
        guard let number = entry.requirement else { return false }
        return hiddenRequirements.withLock { $0.contains(number) }
    }

    /// The condition that leaves out what is hidden.
    var shownRequirements: String {
        let hidden = hiddenRequirements.withLock { $0 }
        guard !hidden.isEmpty else { return "" }
        // Numbers of our own, so nothing has to be bound.
        let list = hidden.sorted().map(String.init).joined(separator: ", ")
        return " AND (requirement IS NULL OR requirement NOT IN (\(list)))"
    }
}
