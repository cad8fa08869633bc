import Glibc

/// The first hundred bytes of a database's file (sqlite.org/fileformat2.html, 1.3).
///
/// SQLite refuses what is beyond its versions, or opens it for reading alone: with errors that a disk without rights
/// gives as well. No SQLite that this program uses has written such a file.
enum FileHeader {
    private static let length = 100

    /// The versions of the format for those who write and read: 1 is a journal, 2 a write-ahead log.
    private static let versions: ClosedRange<UInt8> = 1...2

    /// The latest format of the schema; 0 as long as there is none.
    private static let latestSchemaFormat: UInt32 = 4

    /// Whether a file may have been written here; true also for one without a header, of which SQLite says itself
    /// whether it is a database.
    static func isPossible(_ descriptor: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: length)
        guard pread(descriptor, &bytes, length, 0) == length, bytes.starts(with: "SQLite format 3\0".utf8) else {
            return true
        }
        let schemaFormat = bytes[44..<48].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return versions.contains(bytes[18]) && versions.contains(bytes[19]) && schemaFormat <= latestSchemaFormat
    }
}
