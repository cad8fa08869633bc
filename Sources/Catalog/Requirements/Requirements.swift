import GRDB
public import Support
public import TwilioAPI

/// The requirements for reading recordings' media, besides the account's credentials.
///
/// A requirement has a number in each database. Recordings whose requirement isn't met can be hidden.
public struct Requirements: Sendable {
    private let storage: CatalogStorage
    private let window: CatalogWindow

    init(in storage: CatalogStorage, shownIn window: CatalogWindow) {
        self.storage = storage
        self.window = window
    }

    private var memory: RequirementMemory { storage.requirements }

    // MARK: Requirements

    /// All requirements that any recording ever had, by their numbers.
    public func all() throws(CatalogError) -> [Int64: MediaRequirement] {
        try storage.read(Self.all)
    }

    private static func all(in database: Database) throws -> [Int64: MediaRequirement] {
        var requirements: [Int64: MediaRequirement] = [:]
        try database.forEachRow(of: "SELECT id, name FROM requirement") { row in
            requirements[row.integer(0)] = row.text(1).flatMap(MediaRequirement.init(name:))
        }
        return requirements
    }

    /// The requirement with a number; nil when there is none, or it can't be read.
    public subscript(number: Int64) -> MediaRequirement? {
        if let known = memory.requirement(number) { return known }
        // Read first: the database may be replaced meanwhile.
        let epoch = memory.epoch
        guard let all = try? all() else { return nil }
        memory.keep(all, epoch: epoch)
        return all[number]
    }

    /// The numbers of completed recordings in the window by requirement and kind, hidden ones included.
    ///
    /// Takes a tenth of a second for a million recordings.
    public func counts() throws(CatalogError) -> [MediaRequirement: [MediaKind: Int64]] {
        try storage.read { database in
            let requirements = try Self.all(in: database)
            // Counted here, since SQLite would sort all rows to group them.
            let select = try RawStatement(
                database,
                """
                SELECT requirement, kind FROM entry
                WHERE requirement IS NOT NULL AND status IS NULL
                    AND kind IN (\(window.kinds.numbers))\(window.condition())
                """)
            window.bind(to: select)
            var sizes: [RequirementGroup: Int64] = [:]
            while try select.step() {
                guard let kind = select.kind(1) else { continue }
                sizes[RequirementGroup(number: select.integer(0), kind: kind), default: 0] += 1
            }
            // Another program may have stored a name twice.
            var counts: [MediaRequirement: [MediaKind: Int64]] = [:]
            for (group, count) in sizes {
                guard let requirement = requirements[group.number] else { continue }
                counts[requirement, default: [:]][group.kind, default: 0] += count
            }
            return counts
        }
    }

    /// The number of a kind's recordings that got a requirement after they were stored.
    ///
    /// It counts requirements learnt from the media or a later resource, and only changes stored through this object.
    ///
    /// - Parameter number: the number of the requirement.
    public func gains(of number: Int64, kind: MediaKind) -> Int {
        memory.gains(of: RequirementGroup(number: number, kind: kind))
    }

    /// A sample of the completed recordings with a requirement, from all over the catalog, different each time.
    ///
    /// It has all of them if these are no more than the limit, and one of the newest if there is one among the newest
    /// thousand of the kind: owners of buckets delete what is old. Scans the catalog at most twice, and takes no time
    /// if many have the requirement.
    ///
    /// - Parameters:
    ///   - number: the number of the requirement.
    ///   - kind: the kind of the recordings.
    public func examples(of number: Int64, kind: MediaKind, limit: Int) throws(CatalogError) -> [SID] {
        let group: [(any StatementValue)?] = [kind.rawValue, number]
        return try storage.read { database in
            var examples: [CatalogEntry] = []
            func add(_ query: String, _ values: [(any StatementValue)?]) throws {
                try database.forEachRow(of: query, values) { row in
                    let entry = CatalogEntry(try EntryRow(row))
                    guard examples.count < limit, !examples.contains(where: { $0.sid == entry.sid }) else { return }
                    examples.append(entry)
                }
            }
            try add(Self.newest, group)
            for entry in try Self.spread(group, limit: limit, in: database) where examples.count < limit {
                guard !examples.contains(where: { $0.sid == entry.sid }) else { continue }
                examples.append(entry)
            }
            // The places may lie beyond the group: other kinds are in the same table.
            if examples.count < limit { try add("\(Self.member) ORDER BY id LIMIT ?3", group + [Int64(limit)]) }
            return examples.map(\.sid)
        }
    }

    /// The query for the completed recordings with a requirement; the plus makes SQLite scan the table in its order.
    private static let member = "\(CatalogEntry.select) WHERE +kind = ?1 AND requirement = ?2 AND status IS NULL"

    /// The query for the newest recording with a requirement.
    private static let newest = """
        \(CatalogEntry.select) WHERE id IN (SELECT id FROM entry WHERE kind = ?1 ORDER BY created DESC LIMIT 1000)
        AND requirement = ?2 AND status IS NULL ORDER BY created DESC LIMIT 1
        """

    /// The first recordings of a group that follow some places which are spread over the table.
    private static func spread(
        _ group: [(any StatementValue)?], limit: Int, in database: Database
    ) throws -> [CatalogEntry] {
        let ends = try database.firstRow(of: "SELECT min(id), max(id) FROM entry") { row in
            (first: row.optionalInteger(0), last: row.optionalInteger(1))
        }
        guard let first = ends?.first, let last = ends?.last else { return [] }
        let step = Double(last) / Double(limit) - Double(first) / Double(limit)
        let phase = Double.random(in: 0..<1)
        var (entries, next) = ([CatalogEntry](), first)
        for index in 0..<limit {
            // The first search starts at the first entry, so that it finds a single example.
            let place = (Double(first) + step * (Double(index) + phase)).rounded()
            let start = index == 0 ? first : Int64(exactly: place) ?? first
            let query = "\(member) AND id >= ?3 ORDER BY id LIMIT 1"
            let found = try database.firstRow(of: query, group + [max(next, start)]) { row in
                CatalogEntry(try EntryRow(row))
            }
            guard let entry = found else { break }
            entries.append(entry)
            guard entry.position < last else { break }
            next = entry.position + 1
        }
        return entries
    }

    // MARK: Hiding

    /// Hides each kind's recordings with the given requirements from all listings, and shows all others.
    ///
    /// - Parameter epoch: the database that numbers them; does nothing if another has replaced it.
    public func hide(_ numbers: [MediaKind: Set<Int64>], epoch: Int) { memory.hide(numbers, epoch: epoch) }

    /// Whether a recording is hidden because of its requirement.
    public func isHidden(_ entry: CatalogEntry) -> Bool {
        guard let number = entry.requirement else { return false }
        return memory.isHidden(RequirementGroup(number: number, kind: entry.kind))
    }

    /// The SQL condition that excludes hidden recordings; empty when there are none.
    ///
    /// - Parameter table: the table's name in the query, with a dot; empty if it has none.
    func condition(on table: String) -> String {
        // The numbers come from the catalog itself, so they need no binding.
        memory.hidden.filter { !$0.value.isEmpty }.sorted { $0.key.rawValue < $1.key.rawValue }
            .map { kind, numbers in
                let list = numbers.sorted().map(String.init).joined(separator: ", ")
                return " AND (\(table)requirement IS NULL OR \(table)kind != \(kind.rawValue)"
                    + " OR \(table)requirement NOT IN (\(list)))"
            }.joined()
    }
}
