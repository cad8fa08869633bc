import CatalogTestSupport
import GRDB
import Logging
import Support
import TestSupport
import Testing

@testable import Catalog

@Suite("The locks of SQLite on a catalog", .orderly)
struct FileLockTests {
    @Test("They last as long as the catalog is open, also after errors and after much was written")
    func kept() throws {
        let folder = try CatalogFolder()
        func state() throws -> [String] { try Python.run("catalog_file", "lock", folder.file).lines }
        try {
            let database = try CatalogDatabase(
                folder: folder.path, check: CatalogCheck(coder: DocumentCoder()), logger: .silent)
            try #require(try state() == ["held"])
            for code in [
                .SQLITE_IOERR, .SQLITE_IOERR_SHMMAP, .SQLITE_IOERR_NOMEM, .SQLITE_CANTOPEN, .SQLITE_READONLY,
                .SQLITE_FULL,
            ] as [ResultCode] {
                let cause = DatabaseError(resultCode: code)
                let isFailing = database.isFailing(CatalogError(.database, "an error", cause: cause))
                #expect(isFailing == (code == .SQLITE_IOERR), "\(code)")
                #expect(try state() == ["held"], "\(code)")
            }
            let copier = try WorkerPool(name: "checkpoint", threadCount: 1)
            defer { copier.shutDown() }
            let writing = try #require(BulkWriting(database, copyingOn: copier))
            writing.stop()
            #expect(writing.flush() == nil)
            #expect(try state() == ["held"])
        }()
        #expect(try eventually { try state() == ["free"] })
    }
}
