public import Support
public import TwilioAPI

/// Recordings of one kind that have one requirement, given as its number.
struct RequirementGroup: Hashable, Sendable {
    let number: Int64
    let kind: MediaKind
}

/// What has to be held for recordings to be read, and leaving out those of which it isn't.
extension Catalog {
    /// What completed recordings require that the window shows, hidden or not, and how many of each kind require it.
    ///
    /// Takes a tenth of a second for a million recordings.
    public func requirementCounts() throws(CatalogError) -> [MediaRequirement: [MediaKind: Int64]] {
        let (isUnbounded, seconds) = (window.isUnbounded, window.seconds)
        let kinds = window.kinds.map { String($0.rawValue) }.joined(separator: ", ")
        let times = isUnbounded ? "" : " AND created >= ?8 AND created < ?9"
        let requirements = try requirements()
        return try read { database in
            // One after the other: grouping would sort all of them.
            let select = try RawStatement(
                database,
                """
                SELECT requirement, kind FROM entry
                WHERE requirement IS NOT NULL AND status IS NULL AND kind IN (\(kinds))\(times)
                """)
            if !isUnbounded {
                select.bind(8, seconds.lowerBound)
                select.bind(9, seconds.upperBound)
            }
            struct Group: Hashable { let number, kind: Int64 }
            var numbers: [Group: Int64] = [:]
            while try select.step() {
                numbers[Group(number: select.integer(0), kind: select.integer(1)), default: 0] += 1
            }
            // Another program may have given a name two numbers.
            var counts: [MediaRequirement: [MediaKind: Int64]] = [:]
            for (group, count) in numbers {
                guard let requirement = requirements[group.number], let kind = MediaKind(rawValue: Int(group.kind))
                else { continue }
                let sum = counts[requirement]?[kind] ?? 0
                counts[requirement, default: [:]][kind] = sum.addingSaturated(count)
            }
            return counts
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

    /// How many recordings of a kind came to have a requirement after they were stored, for what their media or a later
    /// resource said, as far as it was stored with this object.
    ///
    /// - Parameter number: the requirement's.
    public func gains(ofRequirement number: Int64, kind: MediaKind) -> Int {
        requirementGains.withLock { $0[RequirementGroup(number: number, kind: kind)] ?? 0 }
    }

    /// Some completed recordings that have a requirement, from all over the catalog, and others each time.
    ///
    /// Goes through the catalog once at the most, and takes no time where many have the requirement.
    ///
    /// - Parameters:
    ///   - number: the requirement's.
    ///   - kind: of the recordings.
    public func examples(ofRequirement number: Int64, kind: MediaKind, limit: Int) throws(CatalogError) -> [SID] {
        try read { database in
            let ends = try RawStatement(database, "SELECT min(id), max(id) FROM entry")
            guard try ends.step(), let first = ends.optionalInteger(0), let last = ends.optionalInteger(1) else {
                return []
            }
            ends.finish()
            // The plus has SQLite go through the table in its order.
            let select = try RawStatement(
                database,
                """
                \(CatalogEntry.select) WHERE +kind = ?1 AND requirement = ?2 AND status IS NULL AND id >= ?3
                ORDER BY id LIMIT 1
                """)
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, number)
            let step = Double(last) / Double(limit) - Double(first) / Double(limit)
            let phase = Double.random(in: 0..<1)
            var (sids, next) = ([SID](), first)
            for index in 0..<limit {
                // The first search goes over all, so that what is there at all is found.
                let place = (Double(first) + step * (Double(index) + phase)).rounded()
                let start = index == 0 ? first : Int64(exactly: place) ?? first
                select.bind(3, max(next, start))
                guard try select.step() else { break }
                let entry = CatalogEntry(try EntryRow(select))
                select.finish()
                sids.append(entry.sid)
                guard entry.position < last else { break }
                next = entry.position + 1
            }
            return sids
        }
    }

    /// Leaves out of all queries the recordings of a kind that have one of some requirements.
    public func hide(requirements numbers: [MediaKind: Set<Int64>]) {
        hiddenRequirements.withLock { $0 = numbers }
    }

    /// Whether a recording isn't shown for what it requires.
    public func isHidden(_ entry: CatalogEntry) -> Bool {
        guard let number = entry.requirement else { return false }
        return hiddenRequirements.withLock { $0[entry.kind]?.contains(number) == true }
    }

    /// The condition that leaves out what is hidden.
    ///
    /// - Parameter table: the table's name in the query, with a dot; empty where it has none.
    func shownRequirements(of table: String) -> String {
        // Numbers of our own, so nothing has to be bound.
        hiddenRequirements.withLock { $0 }.filter { !$0.value.isEmpty }.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { kind, numbers in
                let list = numbers.sorted().map(String.init).joined(separator: ", ")
                return " AND (\(table)requirement IS NULL OR \(table)kind != \(kind.rawValue)"
                    + " OR \(table)requirement NOT IN (\(list)))"
            }.joined()
    }
}
