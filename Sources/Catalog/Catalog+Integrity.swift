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
        try read { database in
            try String.fetchOne(
                database.cachedStatement(sql: "SELECT integrity FROM resource WHERE sid = ?"),
                arguments: [sid.description])
        }.flatMap(StoredIntegrity.init)
    }

    /// Stores what was found out of the truth of a recording's bytes.
    ///
    /// Of media that was never described, or has changed since, nothing is stored.
    public func setIntegrity(_ integrity: StoredIntegrity, of sid: SID) throws(CatalogError) {
        try write { database in
            try database.cachedStatement(
                sql: "UPDATE resource SET integrity = ? WHERE sid = ? AND sid IN (SELECT sid FROM media)"
            ).execute(arguments: [integrity.rawValue, sid.description])
        }
    }

    /// How many completed recordings there are of each integrity; costs the same however many there are.
    public func integrityCounts() throws(CatalogError) -> [StoredIntegrity: Int64] {
        try read { database in
            var counts: [StoredIntegrity: Int64] = [:]
            let rows = try Row.fetchCursor(
                database.cachedStatement(sql: "SELECT integrity, count FROM integrity_count"))
            while let row = try rows.next() {
                if let integrity = StoredIntegrity(rawValue: row["integrity"]) { counts[integrity] = row["count"] }
            }
            return counts
        }
    }
}

extension Database {
    /// Has a recording count as unchecked again.
    func forgetIntegrity(of sid: SID) throws {
        try cachedStatement(
            sql: "UPDATE resource SET integrity = 'unverified' WHERE sid = ? AND integrity IN ('verified', 'failed')"
        ).execute(arguments: [sid.description])
    }
}
