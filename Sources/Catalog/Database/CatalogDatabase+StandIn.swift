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
    /// It is in memory, since no other disk is known: about 300 bytes for each recording.
    init(standingInFor path: String, check: CatalogCheck) throws(CatalogError) {
        do {
            var configuration = Configuration()
            configuration.label = "catalog"
            configuration.prepareDatabase { database in
                try database.execute(
                    sql: """
                        PRAGMA trusted_schema = OFF;
                        PRAGMA page_size = \(Self.pageSize);
                        PRAGMA temp_store = MEMORY;
                        """)
            }
            let queue = try DatabaseQueue(configuration: configuration)
            try Schema.migrator(coder: check.coder).migrate(queue)
            self.init(pool: queue, path: path, isChecked: true, fileNumber: nil, file: nil)
        } catch {
            throw CatalogError(
                .unusable, "nothing can take the place of the catalog '\(path)': \(error)", cause: error)
        }
    }

    /// Whether an error shows that the disk fails, and not that this process lacks memory or descriptors.
    func isFailing(_ error: CatalogError) -> Bool {
        guard let cause = error.cause as? DatabaseError, !isStandIn else { return false }
        switch cause.extendedResultCode {
        // These come from a lack of memory or of descriptors too.
        case .SQLITE_IOERR_NOMEM, .SQLITE_IOERR_SHMMAP: return isUnreadable
        default: break
        }
        switch cause.resultCode {
        case .SQLITE_IOERR: return !Self.isShortOfResources
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_FULL: return isUnreadable
        default: return false
        }
    }

    /// Whether this process or the system has no descriptor or memory left to open any file.
    static var isShortOfResources: Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return [EMFILE, ENFILE, ENOMEM, ENOBUFS].contains(errno) }
        close(descriptor)
        return false
    }

    /// Whether the file itself is the fault: it can't be opened or read, and other files can.
    private var isUnreadable: Bool {
        guard let file, !Self.isShortOfResources else { return false }
        // Opening it would be no harm, but closing it (``HeldFile``).
        guard access(path, R_OK) == 0 else { return true }
        var header: [UInt8] = Array(repeating: 0, count: 100)
        return pread(file.descriptor, &header, header.count, 0) < 0
    }
}
