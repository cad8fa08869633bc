import CSQLite
import GRDB
import Glibc
import Support

/// A database that takes the place of a catalog whose disk fails.
///
/// What an account holds can always be fetched again. So a disk that fails costs what was learnt, and no program its
/// reads. The stand-in stays until the mount ends: a disk that failed is not to be trusted, and each change of the
/// database makes listings fail that are under way.
extension CatalogDatabase {
    /// Makes an empty database without a file of its own.
    ///
    /// SQLite keeps it in memory, up to the cache's size, and the rest in a file without a name in the system's folder
    /// for temporary files.
    init(standingInFor path: String, check: CatalogCheck) throws(CatalogError) {
        do {
            var configuration = Configuration()
            configuration.label = "catalog"
            configuration.prepareDatabase { database in
                try database.execute(
                    sql: """
                        PRAGMA trusted_schema = OFF;
                        PRAGMA page_size = \(Self.pageSize);
                        PRAGMA cache_size = -\(Self.standInCache);
                        """)
            }
            let queue = try DatabaseQueue(path: "", configuration: configuration)
            try Schema.migrator(coder: check.coder).migrate(queue)
            self.init(pool: queue, path: path, isChecked: true, fileNumber: nil)
        } catch {
            throw CatalogError(
                .unusable, "nothing can take the place of the catalog '\(path)': \(error)", cause: error)
        }
    }

    /// The page cache of a stand-in, in KiB: what exceeds it needs a folder for temporary files.
    private static let standInCache = 64 << 10

    /// Whether an error shows that the disk fails, and not that this process lacks memory or descriptors.
    func isFailing(_ error: CatalogError) -> Bool {
        guard let cause = error.cause as? DatabaseError, !isStandIn else { return false }
        switch cause.extendedResultCode {
        // These come from a lack of memory or of descriptors too.
        case .SQLITE_IOERR_NOMEM, .SQLITE_IOERR_SHMMAP: return Self.isUnreadable(path: path)
        default: break
        }
        switch cause.resultCode {
        case .SQLITE_IOERR: return !Self.isShortOfResources(path: path)
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_FULL: return Self.isUnreadable(path: path)
        default: return false
        }
    }

    /// Whether a file can't be opened because this process or the system lacks descriptors or memory.
    static func isShortOfResources(path: String) -> Bool {
        errorOfReading(path).map { [EMFILE, ENFILE, ENOMEM].contains($0) } ?? false
    }

    private static func isUnreadable(path: String) -> Bool {
        errorOfReading(path).map { ![EMFILE, ENFILE, ENOMEM].contains($0) } ?? false
    }

    /// The errno of opening a file and reading its first bytes; nil when that succeeds.
    private static func errorOfReading(_ path: String) -> Int32? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var header: [UInt8] = Array(repeating: 0, count: 100)
        return pread(descriptor, &header, header.count, 0) < 0 ? errno : nil
    }
}
