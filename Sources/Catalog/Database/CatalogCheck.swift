import GRDB
import Support
import TwilioAPI

/// Checks whether a file can be a catalog written by this program.
///
/// A table, an index or a value that this program wouldn't write means that another program or the disk has changed the
/// file. Then nothing in the file is reliable, and it is set aside.
struct CatalogCheck {
    let coder: DocumentCoder

    /// The most entries for which opening checks every row.
    ///
    /// Rows of larger catalogs are checked when they are read, and while the catalog is used (`Sync`).
    var smallCount = CatalogCheck.usualSmallCount

    /// Checking this many entries takes some ten milliseconds.
    static let usualSmallCount: Int64 = 10_000

    /// A table, index, trigger or view in `sqlite_schema`.
    ///
    /// Its statement is without white space, since SQLite changes the spaces when a column is added.
    private struct SchemaItem: Hashable {
        let type: String
        let name: String
        let table: String
        let sql: String?
    }

    // MARK: The schema

    /// Checks that a database has exactly the schema of its applied steps; the index of groups may be missing.
    ///
    /// To be called before any write, and not for a database of a newer version.
    func checkSchema(of database: Database, _ migrator: DatabaseMigrator) throws {
        let found = try Self.items(of: database)
        if found.isEmpty { return }
        let applied = try migrator.appliedIdentifiers(database)
        let steps = migrator.migrations.filter(applied.contains)
        guard let last = steps.last, steps.count == applied.count,
            migrator.migrations.prefix(steps.count).elementsEqual(steps)
        else { throw Self.foreignSchema() }
        let expected = try expectedSchema(upTo: last, migrator)
        let differences = expected.required.subtracting(found)
            .union(found.subtracting(expected.required).subtracting(expected.optional))
        guard differences.isEmpty else { throw Self.foreignSchema(naming: differences) }
    }

    /// Checks the table of applied steps: each of its names must be possible for a step, perhaps of a newer version.
    ///
    /// A newer version's file is left alone, and mounts fail. So a file that no version can have written must not pass
    /// for a newer version's.
    func checkSteps(of database: Database, _ migrator: DatabaseMigrator) throws {
        let items = try Self.items(of: database).filter { $0.name == "grdb_migrations" }
        guard items.allSatisfy({ $0.type == "table" }) else { throw Self.foreignSchema() }
        guard !items.isEmpty else { return }
        let known = Set(migrator.migrations)
        try database.forEachRow(of: "SELECT identifier FROM grdb_migrations") { row in
            let name = row.withBytes(0) { Array($0.prefix(Self.longestStep + 1)) }
            guard known.contains(String(decoding: name, as: UTF8.self)) || Self.isNameOfStep(name) else {
                throw DatabaseError.damage("grdb_migrations")
            }
        }
    }

    /// The most bytes of a step's name.
    private static let longestStep = 64

    /// Whether a name has the form of a step's name, by the rule of ``Schema/migrator(coder:)``.
    ///
    /// The name of a step consists of lower-case letters, digits, spaces and hyphens, and begins with a letter.
    static func isNameOfStep(_ name: [UInt8]) -> Bool {
        let letters = "abcdefghijklmnopqrstuvwxyz".utf8
        return name.count <= longestStep && name.first.map(letters.contains) ?? false
            && name.allSatisfy { letters.contains($0) || "0123456789 -".utf8.contains($0) }
    }

    private func expectedSchema(
        upTo step: String, _ migrator: DatabaseMigrator
    ) throws -> (required: Set<SchemaItem>, optional: Set<SchemaItem>) {
        if step == migrator.migrations.last, let known = Self.latest.withLock({ $0 }) { return known }
        let database = try DatabaseQueue()
        try migrator.migrate(database, upTo: step)
        let required = try database.read(Self.items)
        // Every version that has the column creates an index later, and two versions may have the catalog open.
        let hasGroups = try database.read {
            try $0.tableExists("entry") && $0.columns(in: "entry").contains { $0.name == "group_sid" }
        }
        let steps = migrator.migrations.prefix { $0 != step } + [step]
        let indexes = [GroupIndex.former] + (steps.contains(Schema.orderOfGroups) ? [GroupIndex.statement] : [])
        if hasGroups { try database.write { for index in indexes { try $0.execute(sql: index) } } }
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
                // A column can hold any bytes; invalid text becomes nil.
                let texts = (0..<4).map { String.fromDatabaseValue(row[$0]) }
                return SchemaItem(
                    type: texts[0] ?? "", name: texts[1] ?? "", table: texts[2] ?? "",
                    sql: texts[3]?.filter { !$0.isWhitespace })
            })
    }

    private static func foreignSchema(naming items: Set<SchemaItem> = []) -> DatabaseError {
        let names = items.map { "\(ForeignText("\($0.type) \($0.name)"))" }.sorted().prefix(5).joined(separator: ", ")
        return DatabaseError(
            resultCode: .SQLITE_CORRUPT,
            message: "its tables are not those of twiliofs\(names.isEmpty ? "" : ": \(names)")")
    }

    // MARK: The values

    /// Checks the values on which all others depend, and in a small catalog every row.
    ///
    /// Returns whether every row was checked.
    func checkValues(of database: Database) throws -> Bool {
        try checkLists(database)
        try checkSequences(database)
        let count = try database.integer("SELECT count(*) FROM (SELECT 1 FROM entry LIMIT \(smallCount + 1))")
        guard count <= smallCount else { return false }
        var place: Int64? = 0
        while let position = place { place = try checkRows(of: database, after: position, limit: 1000) }
        try checkWhole(database)
        return true
    }

    private func checkLists(_ database: Database) throws {
        var kinds: Set<MediaKind> = []
        try database.forEachRow(of: "SELECT kind, generation, refreshed, passed, touched FROM list") { row in
            let times = (2...4).compactMap { row.optionalInteger($0) }
            guard let kind = row.kind(0), kinds.insert(kind).inserted, Bounds.counts.contains(row.integer(1)),
                times.allSatisfy(Bounds.times.contains)
            else { throw DatabaseError.damage("list") }
        }
        guard kinds.count == MediaKind.allCases.count else { throw DatabaseError.damage("list") }
        try database.forEachRow(of: "SELECT kind, pass, lower, upper FROM coverage") { row in
            guard row.kind(0) != nil, CoveragePurpose(rawValue: row.integer(1)) != nil else {
                throw DatabaseError.damage("coverage")
            }
            _ = try Coverage.range(from: row.integer(2), to: row.integer(3))
        }
        try database.forEachRow(of: "SELECT kind, pass FROM unordered") { row in
            guard row.kind(0) != nil, CoveragePurpose(rawValue: row.integer(1)) != nil else {
                throw DatabaseError.damage("unordered")
            }
        }
    }

    private func checkSequences(_ database: Database) throws {
        let next = try database.integer("SELECT coalesce(min(next), 0) FROM position")
        guard EntryRow.positions.contains(next), try database.integer("SELECT count(*) FROM position") == 1 else {
            throw DatabaseError.damage("position")
        }
        // A row at the next position or beyond would prevent later insertions.
        for table in ["entry", "document", "media", "conference"] {
            let first = try database.integer("SELECT coalesce(min(id), 1) FROM \(table)")
            let last = try database.integer("SELECT coalesce(max(id), 0) FROM \(table)")
            guard first >= 1, last < next else { throw DatabaseError.damage(table) }
        }
        for query in [
            "SELECT coalesce(max(sequence), 0) FROM removal", "SELECT coalesce(min(sequence), 0) FROM removal",
            "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'removal'",
        ] {
            guard try Bounds.counts.contains(database.integer(query)) else { throw DatabaseError.damage("removal") }
        }
    }
}

extension Database {
    /// The single number that a query returns; 0 for no row.
    func integer(_ query: String) throws -> Int64 {
        try firstRow(of: query) { $0.integer(0) } ?? 0
    }
}
