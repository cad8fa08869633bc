import GRDB
import Support
import TwilioAPI

/// Checking the tables that summarize the entries: tallies, indexes, requirements.
extension CatalogCheck {
    /// The number of entries between two polls whether to go on.
    private static let stride = 4096

    /// Compares tallies and indexes with the entries, and checks the names of requirements.
    ///
    /// The tally reveals a missing entry; a tally or an index reveals a page of the file that is duplicated or
    /// misplaced. The check reads the narrow rows and the indexes in full, two hundred bytes an entry, and takes about
    /// a microsecond for each. It fails when `isWanted` returns false.
    func checkWhole(_ database: Database, while isWanted: () -> Bool = { true }) throws {
        try checkRequirementNames(database)
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
        let requirements = try RawStatement(database, "SELECT name FROM requirement")
        defer { requirements.finish() }
        while try requirements.step() {
            guard requirements.text(0).flatMap(MediaRequirement.init(name:)) != nil else {
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
        // Never through an index, whatever its statistics are.
        let entries = try RawStatement(
            database, "SELECT \(EntryIndex.columns), integrity, size FROM entry NOT INDEXED")
        defer { entries.finish() }
        while try entries.step() {
            count += 1
            if count % Self.stride == 0, !isWanted() { throw CancellationError() }
            let (id, size) = (entries.integer(0), entries.optionalInteger(7))
            guard id > last, let kind = MediaKind(rawValue: Int(truncatingIfNeeded: entries.integer(1))),
                let integrity = StoredIntegrity(stored: entries.integer(6)),
                size.map(Bounds.sizes.contains) ?? true
            else { throw DatabaseError.damage("entry") }
            last = id
            let key = TallyChanges.Key(
                kind: kind, status: ResourceStatus(column: entries.text(3)), integrity: integrity)
            tallies.count(key, size: size, by: 1)
            for place in indexes.indices {
                if let key = indexes[place].index.key(of: entries) { indexes[place].sum.add(id, key) }
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
        let rows = try RawStatement(database, index.query)
        defer { rows.finish() }
        while try rows.step() {
            if sum.count % Self.stride == 0, !isWanted() { throw CancellationError() }
            guard let key = index.key(of: rows) else { continue }
            // SQLite searches an index by its order, and misses rows out of order.
            guard !index.isInOrderOfKeys || last.map({ $0 <= key }) ?? true else {
                throw DatabaseError(
                    resultCode: .SQLITE_CORRUPT, message: "the index '\(index.rawValue)' isn't in order")
            }
            last = key
            sum.add(rows.integer(0), key)
        }
        return sum
    }

    /// The tallies, without empty ones.
    private func tallies(of database: Database) throws -> [TallyChanges.Key: TallyChanges.Sum] {
        var tallies: [TallyChanges.Key: TallyChanges.Sum] = [:]
        let rows = try RawStatement(
            database,
            """
            SELECT kind, status, integrity, count, sized_count, known_bytes FROM tally
            WHERE count <> 0 OR sized_count <> 0 OR known_bytes <> 0
            """)
        defer { rows.finish() }
        while try rows.step() {
            guard let kind = MediaKind(rawValue: Int(truncatingIfNeeded: rows.integer(0))), let status = rows.text(1),
                let integrity = StoredIntegrity(stored: rows.integer(2))
            else { throw DatabaseError.damage("tally") }
            let key = TallyChanges.Key(kind: kind, status: ResourceStatus(rawValue: status), integrity: integrity)
            let sum = TallyChanges.Sum(
                count: rows.integer(3), sizedCount: rows.integer(4), knownBytes: rows.integer(5))
            // Two texts that map to the same status can't both be valid.
            guard tallies.updateValue(sum, forKey: key) == nil else { throw DatabaseError.damage("tally") }
        }
        return tallies
    }
}
