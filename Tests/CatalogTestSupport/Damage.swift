import Foundation
import GRDB
import TestSupport

extension CatalogFolder {
    /// Where a damaged catalog goes.
    package var damagedFile: String { file + ".damaged" }

    /// Overwrites all pages but the first, as another program does that is let near the file while it is open.
    package func garble() throws {
        try Python.run("catalog_file", "garble", file)
    }

    /// Overwrites some bytes, while nobody has it open.
    package func overwrite(_ bytes: [UInt8], at offset: UInt64) throws {
        let handle = try FileHandle(forWritingTo: URL(filePath: file))
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    /// Brings everything into the main file, whoever has it open.
    package func checkpoint() throws {
        try Python.run("catalog_file", "checkpoint", file)
    }

    /// All that is in the database, as SQL.
    package func dump() throws -> [String] {
        try Python.run("catalog_file", "dump", file).lines
    }

    /// A new folder with a copy of the file.
    package func copy() throws -> CatalogFolder {
        let copy = try CatalogFolder()
        try FileManager.default.createDirectory(
            atPath: copy.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try FileManager.default.copyItem(atPath: file, toPath: copy.file)
        return copy
    }

    /// The lines of SQLite's integrity check: `ok`, or its findings.
    package func integrityCheck() throws -> [String] {
        try DatabaseQueue(path: file).read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
    }
}
