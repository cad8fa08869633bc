import GRDB
import TwilioAPI

/// Facts learnt of media.
extension CatalogWriter {
    /// Stores facts, packed by ``DocumentCoder``; does nothing for an unknown recording.
    ///
    /// Returns whether another size was known before.
    mutating func learn(_ lesson: MediaLesson, packed: [UInt8]) throws -> Bool {
        guard let kind = lesson.sid.kind else { return false }
        let facts = lesson.facts
        let isSame = try knows(facts, of: lesson.sid, kind)
        var replacesSize = false
        // If the envelope is in the resource, the resource decides whether the media is encrypted.
        let isEncrypted = kind.envelopePlace == .media ? lesson.isEncrypted : nil
        let id = try change(lesson.sid, kind, isEncrypted: isEncrypted) { before in
            replacesSize = before.map { $0 != facts.plaintextSize } ?? false
            return facts.plaintextSize
        } integrity: { before, _ in
            // New media invalidates the integrity of the old.
            let kept = isSame || before == .none ? before : .unverified
            return kept == .none && lesson.isAuthenticated ? .unverified : kept
        }
        guard let id else { return false }
        let insert = try RawStatement(
            database, "INSERT OR REPLACE INTO media (id, entity_tag, facts, checksum) VALUES (?1, ?2, ?3, ?4)")
        insert.bind(1, id)
        insert.bind(2, facts.entityTag)
        try packed.withUnsafeBytes {
            insert.bind(3, unownedBytes: $0)
            insert.bind(4, RowChecksum.media(size: facts.plaintextSize, entityTag: facts.entityTag, packed: $0))
            try insert.run()
        }
        return replacesSize
    }

    /// Notes that video's media is encrypted; does nothing for an unknown recording.
    mutating func noteEncryption(of sid: SID) throws {
        guard let kind = sid.kind, kind.envelopePlace == .media else { return }
        _ = try change(sid, kind, isEncrypted: true, size: { $0 }, integrity: { before, _ in before })
    }

    mutating func forgetMedia(of sid: SID, _ kind: MediaKind) throws {
        let id = try change(
            sid, kind, size: { _ in nil }, integrity: { before, _ in before == .none ? .none : .unverified })
        if let id { try RawStatement(database, "DELETE FROM media WHERE id = ?1").run([id]) }
    }

    /// Stores the integrity, unless no facts of the media are known.
    mutating func setIntegrity(_ integrity: StoredIntegrity, of sid: SID, _ kind: MediaKind) throws {
        _ = try change(sid, kind, size: { $0 }, integrity: { $1 == nil ? $0 : integrity })
    }

    private func knows(_ facts: StoredMediaFacts, of sid: SID, _ kind: MediaKind) throws -> Bool {
        let query = """
            SELECT 1 FROM media JOIN entry USING (id)
            WHERE kind = ?1 AND sid = ?2 AND size = ?3 AND entity_tag IS ?4
            """
        let values: [(any StatementValue)?] = [kind.rawValue, SIDDigits(sid), facts.plaintextSize, facts.entityTag]
        return try database.firstRow(of: query, values) { _ in true } ?? false
    }
}
