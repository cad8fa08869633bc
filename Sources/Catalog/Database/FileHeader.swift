import Glibc

/// The first hundred bytes of a database's file (sqlite.org/fileformat2.html, 1.3).
///
/// SQLite rejects a file of an unknown version, or opens it read-only, as if write permission were missing. No SQLite
/// that this program uses writes such a file.
enum FileHeader {
    private static let length = 100
    /// The format versions for writing and reading: 1 means a rollback journal, 2 a write-ahead log.
    private static let versions: ClosedRange<UInt8> = 1...2
    /// The latest format of the schema; an empty database has 0.
    private static let latestSchemaFormat: UInt32 = 4

    /// Whether the header of a file allows that this program wrote the file.
    ///
    /// True for a file without SQLite's header: SQLite itself reports such a file.
    static func isPossible(_ descriptor: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: length)
        guard pread(descriptor, &bytes, length, 0) == length, bytes.starts(with: "SQLite format 3\0".utf8) else {
            return true
        }
        let schemaFormat = bytes[44..<48].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return versions.contains(bytes[18]) && versions.contains(bytes[19]) && schemaFormat <= latestSchemaFormat
    }
}
