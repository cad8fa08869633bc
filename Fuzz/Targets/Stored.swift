import Foundation
import GRDB
import MountRuntime
import TwilioAPI

@testable import Catalog
@testable import DiskCache
@testable import Media
@testable import twiliofs

/// Parsers of files on disk, which others can change: catalog, cache, status.
let storedTargets: [FuzzTarget] = [
    FuzzTarget(name: "media-facts") { bytes in
        guard let facts = MediaFacts(stored: bytes) else { return }
        _ = facts.encryption
        _ = facts.lacksTail
        check(facts.describes(sameMediaAs: facts), "facts differ from themselves")
        let again = MediaFacts(stored: try facts.stored)
        check(again == facts, "facts change when they are stored")
    },
    FuzzTarget(name: "packed-document") { bytes in
        let coder = try documentCoder.get()
        _ = bytes.withUnsafeBytes { coder.decode($0) }
        let packed = coder.encode(bytes)
        check(packed.withUnsafeBytes { coder.decode($0) } == bytes, "a document changes when it is packed")
    },
    FuzzTarget(name: "catalog-row") { bytes in
        // Columns as SQLite may hold them, whatever their declared types.
        var input = InputReader(bytes)
        let values = rowColumns.indices.map { _ -> DatabaseValue in
            switch input.integer(UInt8.self) % 5 {
            case 0: return .null
            case 1: return input.integer(Int64.self).databaseValue
            case 2: return Double(bitPattern: input.integer()).databaseValue
            case 3:
                let count = Int(input.integer(UInt8.self) % 32)
                return text((0..<count).map { _ in input.integer(UInt8.self) }).databaseValue
            default:
                let count = Int(input.integer(UInt8.self) % 32)
                return Data((0..<count).map { _ in input.integer(UInt8.self) }).databaseValue
            }
        }
        try rowDatabase.write { database in
            try database.execute(sql: "DELETE FROM entry")
            try database.execute(
                sql: """
                    INSERT INTO entry (\(rowColumns.joined(separator: ", ")))
                    VALUES (\(rowColumns.map { _ in "?" }.joined(separator: ", ")))
                    """, arguments: StatementArguments(values))
            let row = try RawStatement(database, CatalogEntry.select)
            defer { row.finish() }
            while try row.step() {
                let entry = CatalogEntry(try EntryRow(unchecked: row))
                _ = entry.dateCreated?.description
                check(!entry.sid.description.isEmpty, "an entry has no SID")
            }
        }
    },
    FuzzTarget(name: "block-file") { bytes in
        // A block's file is compared with what it has to be; the content's identity comes from a server.
        var input = InputReader(bytes)
        let content = CacheContent(
            sid: text([input.integer(UInt8.self), input.integer(UInt8.self)]), entityTag: text(input.rest.prefix(40)),
            size: input.integer(Int64.self))
        guard let header = BlockHeader(BlockPlace(content: content, number: 0), dataLength: 16) else { return }
        try Data(input.rest).write(to: blockFile)
        let descriptor = open(blockFile.path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var data = [UInt8](repeating: 0, count: 16)
        data.withUnsafeMutableBytes { _ = BlockFile.read(descriptor, header, into: [$0]) }
    },
    FuzzTarget(name: "mount-status") { bytes in
        let status = try MountStatus(json: Data(bytes))
        check(!StatusText(status, mountPoint: "/mnt", emphasizes: true).text.isEmpty, "a status has no text")
    },
]

/// Packs and unpacks; made once, since its dictionaries take longer than a document.
private let documentCoder = Result { try DocumentCoder() }

private let rowColumns = EntryRow.columns.split { $0 == "," || $0.isWhitespace }.map(String.init)

/// A table with the columns of the catalog's, which take any value.
private let rowDatabase: DatabaseQueue = {
    do {
        let queue = try DatabaseQueue()
        try queue.write { database in
            try database.execute(sql: "CREATE TABLE entry (\(rowColumns.joined(separator: ", ")))")
        }
        return queue
    } catch {
        fatalError("\(error)")
    }
}()

/// The file of one process; the system removes it with the folder for temporary files.
private let blockFile = FileManager.default.temporaryDirectory.appending(path: "fuzz-block-\(getpid())")
