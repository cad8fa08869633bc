import GRDB
import TwilioAPI

/// Fills the column `entry.requirement` of a catalog that an earlier version wrote.
enum RequirementColumn {
    /// The number of entries read at a time.
    private static let step: Int64 = 1000

    /// Stores the requirement that each recording's document names.
    ///
    /// It skips unreadable documents: the next pass stores them again, with their requirements.
    static func fill(_ database: Database, coder: DocumentCoder) throws {
        let select = "SELECT id, kind, json FROM entry JOIN document USING (id) WHERE id > ?1 ORDER BY id LIMIT ?2"
        let insert = try RawStatement(database, "INSERT INTO requirement (name) VALUES (?1) ON CONFLICT DO NOTHING")
        let update = try RawStatement(
            database,
            "UPDATE entry SET requirement = (SELECT id FROM requirement WHERE name = ?2) WHERE id = ?1")
        var position: Int64 = 0
        while true {
            var found: [(id: Int64, requirement: MediaRequirement?)] = []
            try database.forEachRow(of: select, [position, step]) { row in
                let resource = row.kind(1).flatMap { kind in
                    row.withBytes(2) { coder.decode($0) }.flatMap { try? ListedResource(kind: kind, json: $0) }
                }
                try position.advance(to: row.integer(0), in: "entry")
                found.append((position, resource?.requirement))
            }
            guard !found.isEmpty else { return }
            for (id, requirement) in found {
                guard let requirement else { continue }
                try insert.run([requirement.name])
                try update.run([id, requirement.name])
            }
        }
    }
}
