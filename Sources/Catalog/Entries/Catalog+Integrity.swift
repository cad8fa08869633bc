import GRDB
public import TwilioAPI

/// What is known of the truth of a recording's bytes, as the catalog keeps it.
public enum StoredIntegrity: String, CaseIterable, Hashable, Sendable {
    /// Sealed with a tag that hasn't been checked.
    case unverified

    /// All bytes have been seen, and the tag agreed.
    case verified

    /// The tag disagreed.
    case failed

    /// No tag that could be checked, or none is known of.
    case none
}

/// The truth of bytes: kept for as long as size and entity tag of the media are those with which it was found out.
extension Catalog {
    /// What is known of the truth of a recording's bytes; nil when the catalog doesn't have the recording.
    public func integrity(of sid: SID) throws(CatalogError) -> StoredIntegrity? {
        guard let kind = sid.kind else { return nil }
        return try read { database in
            let select = try RawStatement(database, "SELECT integrity FROM entry WHERE kind = ?1 AND sid = ?2")
            select.bind(1, Int64(kind.rawValue))
            select.bind(2, SIDDigits(sid))
            guard try select.step() else { return nil as StoredIntegrity? }
            defer { select.finish() }
            guard let integrity = StoredIntegrity(stored: select.integer(0)) else {
                throw DatabaseError.damage("entry")
            }
            return integrity
        }
    }

    /// Stores what was found out of the truth of a recording's bytes.
    ///
    /// Of media that was never described, or has changed since, nothing is stored.
    public func setIntegrity(_ integrity: StoredIntegrity, of sid: SID) throws(CatalogError) {
        guard let kind = sid.kind else { return }
        try write { try $0.setIntegrity(integrity, of: sid, kind) }
    }
}
