import GRDB
import GRDBSQLite
import Threading
import TwilioAPI

/// Looks at opening whether a file can be a catalog that was written here.
///
/// Tables, indexes and values that aren't as this program writes them mean that another one has, or that the disk has
/// changed them. Then nothing in the file is to be relied on: it is set aside.
struct CatalogCheck {
    let coder: DocumentCoder

    /// With as many entries as this at the most, each row is checked at opening, which takes some ten milliseconds.
    ///
    /// Rows of larger catalogs are checked when they are read.
    static let smallCount: Int64 = 10_000

    /// What `sqlite_schema` says of a table, an index, a trigger or a view; its statement without white space, which
    /// SQLite itself changes when columns come and go.
    private struct SchemaItem: Hashable {
        let type: String
        let name: String
        let table: String
        let sql: String?
    }

    // MARK: The schema

    /// Checks that a database has the tables and indexes that the steps made which were applied to it, and nothing
    /// else: no triggers, no views, no columns.
    ///
    /// To be called before anything is written, and of a database that no newer version has made.
    func checkSchema(of database: Database, _ migrator: DatabaseMigrator) throws {
        let found = try Self.items(of: database)
        if found.isEmpty { return }
        let applied = try migrator.appliedIdentifiers(database)
        let steps = migrator.migrations.filter(applied.contains)
        guard let last = steps.last, steps.count == applied.count,
            migrator.migrations.prefix(steps.count).elementsEqual(steps)
        else { throw Self.foreignSchema }
        let expected = try expectedSchema(upTo: last, migrator)
        let differences = expected.required.subtracting(found)
            .union(found.subtracting(expected.required).subtracting(expected.optional))
        guard differences.isEmpty else { throw Self.foreignSchema(naming: differences) }
    }

    /// Checks that the table of steps, which is read first, is a table, and holds names: of newer steps, perhaps.
    func checkSteps(of database: Database) throws {
        let items = try Self.items(of: database).filter { $0.name == "grdb_migrations" }
        guard items.allSatisfy({ $0.type == "table" }) else { throw Self.foreignSchema }
        guard !items.isEmpty else { return }
        let names = try RawStatement(database, "SELECT identifier FROM grdb_migrations")
        defer { names.finish() }
        while try names.step() {
            let isName = names.withBytes(0) { $0.count <= 100 && $0.allSatisfy { (0x20...0x7E).contains($0) } }
            guard isName else { throw DatabaseError.damage("grdb_migrations") }
        }
    }

    private func expectedSchema(
        upTo step: String, _ migrator: DatabaseMigrator
    ) throws -> (required: Set<SchemaItem>, optional: Set<SchemaItem>) {
        if step == migrator.migrations.last, let known = Self.latest.withLock({ $0 }) { return known }
        let database = try DatabaseQueue()
        try migrator.migrate(database, upTo: step)
        let required = try database.read(Self.items)
        // The index that is made later, in all versions since there is the column.
        let hasGroups = try database.read {
            try $0.tableExists("entry") && $0.columns(in: "entry").contains { $0.name == "group_sid" }
        }
        if hasGroups {
            try database.write { try $0.execute(sql: Schema.groupIndex) }
        }
        let expected = (required, try database.read(Self.items).subtracting(required))
        if step == migrator.migrations.last { Self.latest.withLock { $0 = expected } }
        return expected
    }

    /// The schema after the latest step, which is the same for all catalogs.
    private static let latest = Locked<(required: Set<SchemaItem>, optional: Set<SchemaItem>)?>(nil)

    private static func items(of database: Database) throws -> Set<SchemaItem> {
        let rows = try Row.fetchAll(database, sql: "SELECT type, name, tbl_name, sql FROM sqlite_master")
        return Set(
            rows.map { row in
                // Any column can hold any bytes; those that are no text are none here.
                let texts = (0..<4).map { String.fromDatabaseValue(row[$0]) }
                return SchemaItem(
                    type: texts[0] ?? "", name: texts[1] ?? "", table: texts[2] ?? "",
                    sql: texts[3]?.filter { !$0.isWhitespace })
            })
    }

    private static var foreignSchema: DatabaseError { foreignSchema(naming: []) }

    private static func foreignSchema(naming items: Set<SchemaItem>) -> DatabaseError {
        let names = items.map { "\(ForeignText("\($0.type) \($0.name)"))" }.sorted().prefix(5).joined(separator: ", ")
        return DatabaseError(
            resultCode: .SQLITE_CORRUPT,
            message: "its tables aren't those that twiliofs makes\(names.isEmpty ? "" : ": \(names)")")
    }

    // MARK: The values

    /// Checks the values that all others depend on, and of a small catalog every row.
    func checkValues(of database: Database) throws {
        try checkLists(database)
        try checkSequences(database)
        let count = try database.integer("SELECT count(*) FROM (SELECT 1 FROM entry LIMIT \(Self.smallCount + 1))")
        guard count <= Self.smallCount else { return }
        try checkRows(database)
        try checkTallies(database)
    }

    private func checkLists(_ database: Database) throws {
        let lists = try RawStatement(database, "SELECT kind, generation, refreshed, passed, touched FROM list")
        defer { lists.finish() }
        var kinds: Set<MediaKind> = []
        while try lists.step() {
            let times = (2...4).compactMap { lists.optionalInteger($0) }
            guard let kind = MediaKind(rawValue: Int(truncatingIfNeeded: lists.integer(0))),
                kinds.insert(kind).inserted, Bounds.counts.contains(lists.integer(1)),
                times.allSatisfy({ Bounds.times.contains($0) || $0 == 0 })
            else { throw DatabaseError.damage("list") }
        }
        guard kinds.count == MediaKind.allCases.count else { throw DatabaseError.damage("list") }
        let coverage = try RawStatement(database, "SELECT kind, pass, lower, upper FROM coverage")
        defer { coverage.finish() }
        while try coverage.step() {
            guard MediaKind(rawValue: Int(truncatingIfNeeded: coverage.integer(0))) != nil,
                CoveragePurpose(rawValue: coverage.integer(1)) != nil,
                Coverage.mayBegin(at: coverage.integer(2)), Coverage.mayEnd(at: coverage.integer(3)),
                coverage.integer(2) < coverage.integer(3)
            else { throw DatabaseError.damage("coverage") }
        }
    }

    private func checkSequences(_ database: Database) throws {
        let first = try database.integer("SELECT coalesce(min(id), 1) FROM entry")
        let last = try database.integer("SELECT coalesce(max(id), 0) FROM entry")
        let next = try database.integer("SELECT coalesce(min(next), 0) FROM position")
        guard first >= 1, last < next, EntryRow.positions.contains(next),
            try database.integer("SELECT count(*) FROM position") == 1
        else { throw DatabaseError.damage("position") }
        for query in [
            "SELECT coalesce(max(sequence), 0) FROM removal", "SELECT coalesce(min(sequence), 0) FROM removal",
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'removal'",
        ] {
            guard try Bounds.counts.contains(database.integer(query)) else { throw DatabaseError.damage("removal") }
        }
    }

    private func checkRows(_ database: Database) throws {
        let entries = try RawStatement(database, "SELECT \(EntryRow.columns) FROM entry")
        defer { entries.finish() }
        while try entries.step() { _ = try EntryRow(entries) }
        let strayCount = try database.integer(
            """
            SELECT count(*) FROM entry JOIN list USING (kind)
            WHERE entry.generation NOT BETWEEN 0 AND list.generation
            """)
        guard strayCount == 0 else { throw DatabaseError.damage("entry") }
        try checkRequirements(database)
        let documents = try RawStatement(
            database, "SELECT json, document.checksum FROM entry LEFT JOIN document USING (id)")
        defer { documents.finish() }
        while try documents.step() {
            let isWhole = documents.withBytes(0) { RowChecksum.document($0) == documents.integer(1) && !$0.isEmpty }
            guard isWhole else { throw DatabaseError.damage("document") }
        }
        let media = try RawStatement(
            database,
            """
            SELECT size, entity_tag, facts, media.checksum FROM entry LEFT JOIN media USING (id)
            WHERE size IS NOT NULL
            """)
        defer { media.finish() }
        while try media.step() {
            let checksum = media.withBytes(2) { facts in
                RowChecksum.media(size: media.integer(0), entityTag: media.text(1), packed: facts)
            }
            guard checksum == media.integer(3) else { throw DatabaseError.damage("media") }
        }
    }

    private func checkRequirements(_ database: Database) throws {
        let requirements = try RawStatement(database, "SELECT name FROM requirement")
        defer { requirements.finish() }
        while try requirements.step() {
            guard requirements.text(0).flatMap(MediaRequirement.init(name:)) != nil else {
                throw DatabaseError.damage("requirement")
            }
        }
        let missingCount = try database.integer(
            "SELECT count(*) FROM entry WHERE requirement IS NOT NULL AND requirement NOT IN (SELECT id FROM requirement)"
        )
        guard missingCount == 0 else { throw DatabaseError.damage("requirement") }
    }

    private func checkTallies(_ database: Database) throws {
        let counted = """
            SELECT kind, coalesce(status, 'completed') AS word, integrity, count(*), count(size),
                \(Tally.sumOfSizes)
            FROM entry GROUP BY kind, word, integrity
            """
        let stored = """
            SELECT kind, status, integrity, count, sized_count, known_bytes FROM tally
            WHERE count <> 0 OR sized_count <> 0 OR known_bytes <> 0
            """
        let difference =
            try database.integer(
                "SELECT count(*) FROM (SELECT * FROM (\(counted)) EXCEPT \(stored))")
            + database.integer("SELECT count(*) FROM (\(stored) EXCEPT SELECT * FROM (\(counted)))")
        guard difference == 0 else { throw DatabaseError.damage("tally") }
    }
}

extension Database {
    /// The one number that a query gives; 0 for none.
    fileprivate func integer(_ query: String) throws -> Int64 {
        let select = try RawStatement(self, query)
        defer { select.finish() }
        return try select.step() ? select.integer(0) : 0
    }
}
