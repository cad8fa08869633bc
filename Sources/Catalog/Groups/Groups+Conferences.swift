import GRDB
public import TwilioAPI

/// The recordings by conference.
extension Groups {
    /// The conference of a recording; nil when the resource names none.
    public func conference(of entry: CatalogEntry) throws(CatalogError) -> SID? {
        try storage.read { database in
            try database.firstRow(of: "SELECT id, sid, checksum FROM conference WHERE id = ?1", [entry.position]) {
                SID(conference: try ConferenceRow($0).digits)
            }
        }
    }

    /// The conferences with shown recordings, each with the position of its first recording, in that order.
    ///
    /// - Parameter position: the position of the previous conference; 0 to begin.
    public func conferences(
        after position: Int64, limit: Int
    ) throws(CatalogError) -> [(group: SID, position: Int64)] {
        try storage.read { database in
            let select = try RawStatement(
                database,
                """
                SELECT conference.id, conference.sid, conference.checksum FROM conference JOIN entry USING (id)
                WHERE conference.id > ?1 AND status IS NULL\(shown.condition(on: "entry.")) AND NOT EXISTS (
                    SELECT 1 FROM conference AS earlier JOIN entry AS other ON other.id = earlier.id
                    WHERE earlier.sid = conference.sid AND earlier.id < conference.id
                        AND other.status IS NULL\(shown.condition(on: "other.")))
                ORDER BY conference.id LIMIT ?2
                """)
            select.bind([position, limit])
            shown.window.bind(to: select)
            var found: [(group: SID, position: Int64)] = []
            while try select.step() {
                let row = try ConferenceRow(select)
                found.append((SID(conference: row.digits), row.id))
            }
            return found
        }
    }

    /// The conferences with recordings whose SIDs begin with some digits, ordered by SID.
    ///
    /// - Parameter digits: the range of the first sixteen digits; an inode number has all but their last bits.
    public func conferences(digits: ClosedRange<UInt64>) throws(CatalogError) -> [SID] {
        try storage.read { database in
            let select = try RawStatement(
                database,
                """
                SELECT DISTINCT conference.sid FROM conference JOIN entry USING (id)
                WHERE conference.sid BETWEEN ?1 AND ?2 AND status IS NULL\(shown.condition(on: "entry."))
                ORDER BY conference.sid LIMIT \(Catalog.mostAlike)
                """)
            select.bind([SIDDigits(high: digits.lowerBound, low: 0), SIDDigits(high: digits.upperBound, low: .max)])
            shown.window.bind(to: select)
            var found: [SID] = []
            while try select.step() {
                if let digits = select.digits(0) { found.append(SID(conference: digits)) }
            }
            return found
        }
    }
}
