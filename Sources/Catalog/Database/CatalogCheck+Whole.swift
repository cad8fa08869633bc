import GRDB
import Support
import TwilioAPI

/// Checking the tallies, the indexes and the requirements.
extension CatalogCheck {
    /// The number of entries between two polls of `isWanted`.
    private static let stride = 4096

    /// Compares tallies and indexes with the entries, and checks the names of requirements.
    ///
    /// The tally reveals a missing entry; a tally or an index reveals a page of the file that is duplicated or
    /// misplaced. The check reads the narrow rows and the indexes in full, two hundred bytes an entry, and takes about
    /// a microsecond for each. It fails when `isWanted` returns false.
    func checkWhole(_ database: Database, while isWanted: () -> Bool = { true }) throws {
        try checkRequirementNames(database)
        try checkCalls(database, while: isWanted)
        let found = try sums(of: database, while: isWanted)
        guard try tallies(of: database) == found.tallies else { throw DatabaseError.damage("tally") }
        for index in EntryIndex.allCases {
            guard try index.isThere(in: database) else { continue }
            guard try sum(of: index, database, while: isWanted) == found.indexes[index] else {
                throw DatabaseError(
                    resultCode: .SQLITE_CORRUPT, message: "the index '\(index.rawValue)' doesn't match the entries")
            }
        }
    }

    private func checkRequirementNames(_ database: Database) throws {
        try database.forEachRow(of: "SELECT name FROM requirement") { row in
            guard row.text(0).flatMap(MediaRequirement.init(name:)) != nil else {
                throw DatabaseError.damage("requirement")
            }
        }
    }

    /// Computes the tallies, and a sum for each index, from the entries.
    private func sums(
        of database: Database, while isWanted: () -> Bool
    ) throws -> (tallies: [TallyChanges.Key: TallyChanges.Sum], indexes: [EntryIndex: EntrySum]) {
        var tallies = TallyChanges()
        var indexes = EntryIndex.allCases.map { (index: $0, sum: EntrySum()) }
        var (last, count) = (Int64(0), 0)
        // SQLite must read the table, and never an index instead, whatever the index's statistics are.
        let query = "SELECT \(EntryIndex.columns), integrity, size FROM entry NOT INDEXED"
        try database.forEachRow(of: query) { row in
            count += 1
            if count % Self.stride == 0, !isWanted() { throw CancellationError() }
            let (id, size) = (row.integer(0), row.optionalInteger(7))
            guard id > last, let kind = row.kind(1), let integrity = StoredIntegrity(stored: row.integer(6)),
                size.map(Bounds.sizes.contains) ?? true
            else { throw DatabaseError.damage("entry") }
            last = id
            let key = TallyChanges.Key(kind: kind, status: ResourceStatus(column: row.text(3)), integrity: integrity)
            tallies.count(key, size: size, by: 1)
            for place in indexes.indices {
                if let key = indexes[place].index.key(of: row) { indexes[place].sum.add(id, key) }
            }
        }
        let limited = tallies.sums.mapValues { sum in
            TallyChanges.Sum(
                count: sum.count, sizedCount: sum.sizedCount, knownBytes: min(sum.knownBytes, Tally.largestSum))
        }
        return (limited, Dictionary(uniqueKeysWithValues: indexes.map { ($0.index, $0.sum) }))
    }

    private func sum(of index: EntryIndex, _ database: Database, while isWanted: () -> Bool) throws -> EntrySum {
        var (sum, last) = (EntrySum(), nil as EntryIndex.Key?)
        try database.forEachRow(of: index.query) { row in
            if sum.count % Self.stride == 0, !isWanted() { throw CancellationError() }
            guard let key = index.key(of: row) else { return }
            // SQLite searches an index by its order, and misses rows out of order.
            guard !index.isInOrderOfKeys || last.map({ $0 <= key }) ?? true else {
                throw DatabaseError(
                    resultCode: .SQLITE_CORRUPT, message: "the index '\(index.rawValue)' isn't in order")
            }
            last = key
            sum.add(row.integer(0), key)
        }
        return sum
    }

    /// The tallies, without empty ones.
    private func tallies(of database: Database) throws -> [TallyChanges.Key: TallyChanges.Sum] {
        var tallies: [TallyChanges.Key: TallyChanges.Sum] = [:]
        let query = """
            SELECT kind, status, integrity, count, sized_count, known_bytes FROM tally
            WHERE count <> 0 OR sized_count <> 0 OR known_bytes <> 0
            """
        try database.forEachRow(of: query) { row in
            guard let kind = row.kind(0), let status = row.text(1),
                let integrity = StoredIntegrity(stored: row.integer(2))
            else { throw DatabaseError.damage("tally") }
            let key = TallyChanges.Key(kind: kind, status: ResourceStatus(rawValue: status), integrity: integrity)
            let sum = TallyChanges.Sum(
                count: row.integer(3), sizedCount: row.integer(4), knownBytes: row.integer(5))
            // Two texts that map to the same status can't both be valid.
            guard tallies.updateValue(sum, forKey: key) == nil else { throw DatabaseError.damage("tally") }
        }
        return tallies
    }
}
