import GRDB

/// The indexes of the table `entry`, for ``CatalogCheck``, which reads them in full.
enum EntryIndex: String, CaseIterable {
    case name = "entry_by_name"
    case date = "entry_by_date"
    case unfinished = "entry_unfinished"

    /// ``GroupIndex``, which may not exist yet.
    case group = "entry_of_group"

    /// The key of an entry as three numbers, in the order of the index if ``isInOrderOfKeys``.
    struct Key: Comparable {
        let first: UInt64
        let second: UInt64
        let third: UInt64

        /// The other columns of the index, by which it is not ordered.
        var rest: UInt64 = 0

        static func < (left: Key, right: Key) -> Bool {
            (left.first, left.second, left.third) < (right.first, right.second, right.third)
        }
    }

    /// Whether the index is in the order of its keys; keys of statuses are unordered checksums.
    var isInOrderOfKeys: Bool { self != .unfinished }

    /// The columns for ``key(of:)``, in its order.
    static let columns = "id, kind, sid, status, created, group_sid"

    /// The query for ``columns`` of the whole index.
    ///
    /// Columns outside the index are null, so that SQLite doesn't read the table.
    var query: String {
        switch self {
        case .name: "SELECT id, kind, sid, NULL, NULL, NULL FROM entry INDEXED BY entry_by_name"
        case .date: "SELECT id, kind, NULL, NULL, created, NULL FROM entry INDEXED BY entry_by_date"
        case .unfinished:
            """
            SELECT id, kind, NULL, status, NULL, NULL FROM entry INDEXED BY entry_unfinished WHERE status IS NOT NULL
            """
        case .group:
            """
            SELECT id, kind, NULL, NULL, created, group_sid FROM entry INDEXED BY entry_of_group
            WHERE group_sid IS NOT NULL AND status IS NULL
            """
        }
    }

    /// The key of a row; nil when the index doesn't contain it.
    func key(of row: RawStatement) -> Key? {
        let kind = UInt64(bitPattern: row.integer(1))
        switch self {
        case .name:
            guard let digits = row.digits(2) else { return nil }
            return Key(first: kind, second: digits.high, third: digits.low)
        case .date:
            guard let created = row.optionalInteger(4) else { return Key(first: kind, second: 0, third: 0) }
            // Inverting the sign bit makes negative numbers the smaller ones.
            return Key(first: kind, second: 1, third: UInt64(bitPattern: created) ^ 1 << 63)
        case .unfinished:
            guard let status = row.text(3) else { return nil }
            var word = RowChecksum()
            word.add(status as String?)
            return Key(first: UInt64(bitPattern: word.value), second: kind, third: 0)
        case .group:
            guard row.text(3) == nil, let digits = row.digits(5) else { return nil }
            var created = RowChecksum()
            created.add(row.optionalInteger(4))
            return Key(
                first: kind, second: digits.high, third: digits.low, rest: UInt64(bitPattern: created.value))
        }
    }

    func isThere(in database: Database) throws -> Bool {
        let query = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?1"
        return try database.firstRow(of: query, [rawValue]) { _ in true } ?? false
    }
}
