import GRDB
import TwilioAPI

/// Adds the requirements of recordings stored by an earlier version.
enum RequirementColumn {
    /// The number of entries read at a time.
    private static let step: Int64 = 1000

    /// Reads every document once.
    ///
    /// An unreadable document is skipped: the next pass stores it again.
    static func fill(_ database: Database, coder: DocumentCoder) throws {
        let select = try RawStatement(
            database,
            "SELECT id, kind, json FROM entry JOIN document USING (id) WHERE id > ?1 ORDER BY id LIMIT ?2")
        let insert = try RawStatement(database, "INSERT INTO requirement (name) VALUES (?1) ON CONFLICT DO NOTHING")
        let update = try RawStatement(
            database,
            "UPDATE entry SET requirement = (SELECT id FROM requirement WHERE name = ?2) WHERE id = ?1")
        var position: Int64 = 0
        while true {
            var found: [(id: Int64, requirement: MediaRequirement?)] = []
            select.bind(1, position)
            select.bind(2, step)
            while try select.step() {
                let resource = MediaKind(rawValue: Int(select.integer(1))).flatMap { kind in
                    select.withBytes(2) { coder.decode($0) }.flatMap { try? ListedResource(kind: kind, json: $0) }
                }
                found.append((select.integer(0), resource?.requirement))
            }
            select.finish()
            guard let last = found.last else { return }
            for (id, requirement) in found {
                guard let requirement else { continue }
                insert.bind(1, requirement.name)
                try insert.run()
                update.bind(1, id)
                update.bind(2, requirement.name)
                try update.run()
            }
            position = last.id
        }
    }
}
