import GRDB
import TwilioAPI

/// Changes entries within one transaction, and updates tallies, positions and removals accordingly.
///
/// It makes all changes of the table `entry`, except those of the schema's steps.
struct CatalogWriter {
    let database: Database
    private var tallies = TallyChanges()
    /// The numbers of requirements that this transaction has looked up.
    private var requirementNumbers: [MediaRequirement: Int64] = [:]
    /// The number of existing recordings to which this transaction gave a new requirement.
    private(set) var requirementGains: [RequirementGroup: Int] = [:]
    /// The numbers of rows by which this transaction has changed the counted tables.
    var rowCounts: [CountedTable: Int64] = [:]
    /// The position of the next new entry.
    private var position: Int64
    /// The generation of the latest pass over each list.
    private let generations: [MediaKind: Int64]

    /// The distance, in documents, of prefetching to the processor's caches.
    private static let documentsAhead = 4

    static func write<Result>(_ database: Database, _ body: (inout CatalogWriter) throws -> Result) throws -> Result {
        var writer = try CatalogWriter(database)
        let result = try body(&writer)
        try writer.finish()
        return result
    }

    private init(_ database: Database) throws {
        self.database = database
        position = try database.integer("SELECT next FROM position")
        guard EntryRow.positions.contains(position) else { throw DatabaseError.damage("position") }
        var generations: [MediaKind: Int64] = [:]
        try database.forEachRow(of: "SELECT kind, generation FROM list") { row in
            if let kind = row.kind(0) { generations[kind] = row.integer(1) }
        }
        self.generations = generations
    }

    private func finish() throws {
        try writeRowCounts()
        try RawStatement(database, "UPDATE position SET next = ?1").run([position])
        let tally = try RawStatement(
            database,
            """
            INSERT INTO tally (kind, status, integrity, count, sized_count, known_bytes) VALUES
                (?1, ?2, ?3, ?4, ?5, max(0, min(?6, \(Tally.largestSum))))
            ON CONFLICT DO UPDATE SET count = count + ?4, sized_count = sized_count + ?5,
                known_bytes = max(0, min(known_bytes + ?6, \(Tally.largestSum)))
            """)
        for (key, sum) in tallies.sums {
            try tally.run([
                key.kind.rawValue, key.status.rawValue, key.integrity.code, sum.count, sum.sizedCount, sum.knownBytes,
            ])
        }
    }

    // MARK: Resources

    /// Inserts resources, or updates existing ones, whose positions stay.
    ///
    /// They count as seen by the latest pass, even if it didn't fetch them, since the pass may already be beyond their
    /// place in the list.
    ///
    /// They are written in the order of their SIDs, which is that of the index of names: the index exceeds the
    /// processor's caches, so neighbours in it are written together.
    ///
    /// - Parameter overtaken: the rows to leave out.
    mutating func store(_ prepared: [PreparedResources], leavingOut overtaken: OvertakenRows = .none) throws {
        var places: [(digits: SIDDigits, page: Int, row: Int)] = []
        places.reserveCapacity(prepared.reduce(0) { $0 + $1.rows.count })
        for (page, resources) in prepared.enumerated() {
            for (row, resource) in resources.rows.enumerated() { places.append((resource.digits, page, row)) }
        }
        // Of duplicates, the later one counts.
        places.sort { ($0.digits.high, $0.digits.low, $0.page) < ($1.digits.high, $1.digits.low, $1.page) }
        var insertion = try EntryInsertion(database)
        let insertDocument = try RawStatement(database, "INSERT INTO document (id, json, checksum) VALUES (?1, ?2, ?3)")
        // Resources of the same form are counted together.
        var (form, count) = (nil as PreparedResources.Form?, Int64(0))
        var requirement: Int64?
        for (index, place) in places.enumerated() {
            // In the order of SIDs, documents are scattered: the processor would wait for each.
            if index + Self.documentsAhead < places.count {
                let next = places[index + Self.documentsAhead]
                prepared[next.page].prefetchDocument(ofRow: next.row)
            }
            let row = prepared[place.page].rows[place.row]
            let rowForm = prepared[place.page].forms[row.form]
            if overtaken.contains(row.digits, rowForm.kind, requested: prepared[place.page].requested) { continue }
            if form != rowForm {
                if let form { tallies.count(form.tally, size: nil, by: count) }
                (form, count) = (rowForm, 0)
                requirement = try rowForm.requirement.map { try number(of: $0) }
            }
            try prepared[place.page].documents.withUnsafeBytes { documents in
                let document = UnsafeRawBufferPointer(rebasing: documents[row.document])
                guard
                    try insertion.insert(
                        row, rowForm, requirement: requirement, at: position,
                        generation: generations[rowForm.kind] ?? 0)
                else {
                    try update(row, rowForm, requirement: requirement, document: document)
                    return
                }
                insertDocument.bind(1, position)
                insertDocument.bind(2, unownedBytes: document)
                insertDocument.bind(3, row.documentChecksum)
                try insertDocument.run()
                if let conference = row.conference { try insertConference(conference, of: position) }
                position += 1
                count += 1
            }
        }
        if let form { tallies.count(form.tally, size: nil, by: count) }
    }

    private mutating func update(
        _ row: PreparedResources.Row, _ form: PreparedResources.Form, requirement: Int64?,
        document: UnsafeRawBufferPointer
    ) throws {
        guard let before = try entry(row.digits, form.kind) else { return }
        // A resource declares a tag only for voice. An integrity that was learnt from video's media stays.
        let integrity = before.integrity == .none ? form.integrity : before.integrity
        // The media may have shown that it requires a key, although the resource names none.
        let requirement = try requirement ?? learntRequirement(of: before)
        let change = try RawStatement(
            database,
            """
            UPDATE entry SET status = ?2, created = ?3, format = ?4, json_size = ?5, integrity = ?6,
                generation = max(generation, ?7), group_sid = ?8, updated = ?9, requirement = ?10, checksum = ?11
            WHERE id = ?1
            """)
        let after = EntryRow(
            id: before.id, kind: form.kind, digits: row.digits, status: form.status, created: row.created,
            updated: row.updated, format: form.format, jsonSize: row.jsonSize, size: before.size,
            integrity: integrity, group: row.group, requirement: requirement)
        try change.run([
            after.id, after.status.column, after.created, after.format, after.jsonSize, after.integrity.code,
            generations[form.kind] ?? 0, after.group, after.updated, after.requirement, after.checksum,
        ])
        let changeDocument = try RawStatement(
            database, "UPDATE document SET json = ?2, checksum = ?3 WHERE id = ?1 AND json <> ?2")
        changeDocument.bind(1, before.id)
        changeDocument.bind(2, unownedBytes: document)
        changeDocument.bind(3, row.documentChecksum)
        try changeDocument.run()
        if form.kind.group == .call { try changeConference(row.conference, of: before.id) }
        noteRequirement(requirement, insteadOfThatOf: before)
        guard before.tally != after.tally else { return }
        tallies.count(before.tally, size: before.size, by: -1)
        tallies.count(after.tally, size: after.size, by: 1)
        if before.status == .completed, after.status != .completed { try noteRemoval(of: before.id) }
    }

    mutating func remove(_ sid: SID, _ kind: MediaKind) throws {
        guard let before = try entry(SIDDigits(sid), kind) else { return }
        if before.status == .completed { try noteRemoval(of: before.id) }
        if kind.group == .call { try changeConference(nil, of: before.id) }
        for table in ["media", "document", "entry"] {
            try RawStatement(database, "DELETE FROM \(table) WHERE id = ?1").run([before.id])
        }
        tallies.count(before.tally, size: before.size, by: -1)
    }

    /// Logs a removal, so that mounts drop the file.
    private func noteRemoval(of id: Int64) throws {
        let note = try RawStatement(
            database,
            """
            INSERT INTO removal (kind, sid, created, format, group_sid)
            SELECT kind, sid, created, format, group_sid FROM entry WHERE id = ?1
            """)
        try note.run([id])
    }

    // MARK: Media

    /// Changes the facts of a recording's media.
    ///
    /// - Parameters:
    ///   - isEncrypted: whether video's media is encrypted; nil keeps the requirement.
    ///   - change: returns the new plaintext size in bytes, from the old one; nil when unknown.
    ///   - changeIntegrity: returns the new integrity, from the old one and the old size.
    /// - Returns: the entry's position; nil for an unknown recording.
    mutating func change(
        _ sid: SID, _ kind: MediaKind, isEncrypted: Bool? = nil, size change: (Int64?) -> Int64?,
        integrity changeIntegrity: (StoredIntegrity, _ size: Int64?) -> StoredIntegrity
    ) throws -> Int64? {
        guard let before = try entry(SIDDigits(sid), kind) else { return nil }
        var after = before
        after.size = change(before.size)
        after.integrity = changeIntegrity(before.integrity, before.size)
        if let isEncrypted { after.requirement = try requirement(of: before, isEncrypted: isEncrypted) }
        guard after != before else { return before.id }
        let statement = try RawStatement(
            database, "UPDATE entry SET size = ?2, integrity = ?3, requirement = ?4, checksum = ?5 WHERE id = ?1")
        try statement.run([after.id, after.size, after.integrity.code, after.requirement, after.checksum])
        noteRequirement(after.requirement, insteadOfThatOf: before)
        tallies.count(before.tally, size: before.size, by: -1)
        tallies.count(after.tally, size: after.size, by: 1)
        return before.id
    }

    // MARK: Requirements

    /// The number of a requirement, assigned on first use.
    mutating func number(of requirement: MediaRequirement) throws -> Int64 {
        if let number = requirementNumbers[requirement] { return number }
        let name = requirement.name
        try RawStatement(database, "INSERT INTO requirement (name) VALUES (?1) ON CONFLICT DO NOTHING").run([name])
        let query = "SELECT id FROM requirement WHERE name = ?1"
        let number = try database.firstRow(of: query, [name]) { $0.integer(0) } ?? 0
        requirementNumbers[requirement] = number
        return number
    }

    /// The requirement of video after its media was described.
    ///
    /// The media decides only if the resource names no key.
    private mutating func requirement(of before: EntryRow, isEncrypted: Bool) throws -> Int64? {
        guard before.requirement != nil else { return try isEncrypted ? number(of: .unnamedKey) : nil }
        return try isEncrypted || learntRequirement(of: before) == nil ? before.requirement : nil
    }

    /// The requirement learnt from video's media; nil if the requirement comes from the resource, or there is none.
    private func learntRequirement(of before: EntryRow) throws -> Int64? {
        guard before.kind.envelopePlace == .media, let number = before.requirement else { return nil }
        let name = try database.firstRow(of: "SELECT name FROM requirement WHERE id = ?1", [number]) { $0.text(0) }
        return name == MediaRequirement.unnamedKey.name ? number : nil
    }

    private mutating func noteRequirement(_ number: Int64?, insteadOfThatOf before: EntryRow) {
        guard let number, number != before.requirement else { return }
        requirementGains[RequirementGroup(number: number, kind: before.kind), default: 0] += 1
    }

    private func entry(_ digits: SIDDigits, _ kind: MediaKind) throws -> EntryRow? {
        let query = "\(CatalogEntry.select) WHERE kind = ?1 AND sid = ?2"
        return try database.firstRow(of: query, [kind.rawValue, digits]) { try EntryRow($0) }
    }
}

extension ResourceStatus {
    /// The stored form of the status: null for completed, the most frequent one.
    var column: String? { self == .completed ? nil : rawValue }

    init(column: String?) { self = column.map(ResourceStatus.init(rawValue:)) ?? .completed }
}

extension StoredIntegrity {
    /// The stored form of the integrity.
    var code: Int64 {
        switch self {
        case .none: 0
        case .unverified: 1
        case .verified: 2
        case .failed: 3
        }
    }

    /// Returns nil for an invalid number.
    init?(stored code: Int64) {
        guard let integrity = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = integrity
    }
}
