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

    /// The conferences with shown recordings, in the order of their SIDs.
    ///
    /// - Parameters:
    ///   - place: the place of the previous conference; 0 to begin.
    ///   - limit: the most conferences; fewer only at the end.
    /// - Returns: each with its place, which is the same in every database.
    public func conferences(
        after place: Int64, limit: Int
    ) throws(CatalogError) -> [(group: SID, place: Int64)] {
        let piece = try GroupPlace.piece(after: place, limit: limit) { first, limit throws(CatalogError) in
            try conferences(from: first, limit: limit)
        }
        return piece.map { (SID(conference: $0.digits), $0.place) }
    }

    private func conferences(from first: SIDDigits, limit: Int) throws(CatalogError) -> [SIDDigits] {
        try storage.read { database in
            // CROSS has SQLite go over the conferences in the order of their index.
            let select = try RawStatement(
                database,
                """
                SELECT conference.id, conference.sid, conference.checksum FROM conference CROSS JOIN entry USING (id)
                WHERE conference.sid >= ?1 AND status IS NULL\(shown.condition(on: "entry."))
                GROUP BY conference.sid ORDER BY conference.sid LIMIT ?2
                """)
            select.bind([first, limit])
            shown.window.bind(to: select)
            var found: [SIDDigits] = []
            while try select.step() { found.append(try ConferenceRow(select).digits) }
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
