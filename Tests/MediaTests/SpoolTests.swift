import Foundation
import Support
import TestSupport
import Testing

@testable import Media

@Suite("Temporary files of ciphertext", .orderly)
struct SpoolTests {
    private static let bytes: [UInt8] = [1, 2, 3]

    private static func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = try TemporaryFolder()
        try withExtendedLifetime(folder) { try body(folder.url) }
    }

    @Test("What was written is read, wherever it is cut", arguments: 1...5 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        try Self.withFolder { folder in
            var generator = SeededGenerator(seed: seed)
            let content = (0..<50_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let spool = try Spool(folder: folder.path)
            var written = 0
            while written < content.count {
                let end = min(content.count, written + Int.random(in: 1...9000, using: &generator))
                try spool.write(Array(content[written..<end]).span.bytes, at: Int64(written))
                written = end
            }
            for _ in 0..<200 {
                let start = Int.random(in: 0...content.count, using: &generator)
                let end = Int.random(in: start...content.count, using: &generator)
                #expect(try spool.bytes(Int64(start)..<Int64(end)) == Array(content[start..<end]))
            }
        }
    }

    @Test("The file has no name, so nothing of it is left")
    func nameless() throws {
        try Self.withFolder { folder in
            let spool = try Spool(folder: folder.path)
            try spool.write(Self.bytes.span.bytes, at: 0)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
            #expect(try spool.bytes(0..<3) == Self.bytes)
        }
    }

    @Test("Bytes that were never written are an error, and not zeros")
    func beyondTheEnd() throws {
        try Self.withFolder { folder in
            let spool = try Spool(folder: folder.path)
            try spool.write(Self.bytes.span.bytes, at: 0)
            #expect(throws: SystemError.self) { try spool.bytes(0..<4) }
            #expect(throws: SystemError.self) { try spool.bytes(3..<4) }
        }
    }

    @Test("A folder that isn't there is an error that names it")
    func noFolder() throws {
        let error = #expect(throws: SystemError.self) { try Spool(folder: "/nonexistent/folder") }
        #expect(error?.message.contains("'/nonexistent/folder'") == true)
    }
}
