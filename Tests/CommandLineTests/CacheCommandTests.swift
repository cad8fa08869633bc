import DiskCache
import Foundation
import Logging
import TestSupport
import Testing

@testable import twiliofs

@Suite("twiliofs cache", .orderly)
struct CacheCommandTests {
    private struct Report: Decodable {
        let folder: String
        let limitBytes: Int64?
        let bytes: Int64
        let blocks: Int
        let recordings: Int
        let oldestUse: Date?
    }

    private let root: TemporaryFolder

    init() throws {
        root = try TemporaryFolder()
    }

    private func run(_ words: String...) throws -> CommandResult {
        try Command.run([BuiltPrograms.twiliofs, "cache"] + words + ["--cache-dir", root.url.path])
    }

    private func report() throws -> Report {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(Report.self, from: try run("status", "--json").output)
    }

    private func fill(_ blocks: Int) throws -> DiskCache {
        let cache = try DiskCache(
            folder: root.path("ciphertext"), limit: 5 << 30, minimumFree: 0, logger: Logger(label: "cache"))
        let content = CacheContent(sid: "RE1", entityTag: "\"1\"", size: 100)
        let bytes = [UInt8](repeating: 1, count: 2000)
        for block in 0..<blocks { bytes.withUnsafeBytes { cache.store(block, of: content, from: [$0]) } }
        return cache
    }

    @Test("Status tells what is held, and clear removes it, while it is in use")
    func statusAndClear() throws {
        let cache = try fill(3)
        try #require(eventually { try report().limitBytes != nil })
        let before = try report()
        #expect(before.folder == root.path("ciphertext"))
        #expect(before.limitBytes == 5 << 30)
        #expect(before.blocks == 3)
        #expect(before.recordings == 1)
        #expect(before.oldestUse != nil)
        let sizes = try Command.shell(#"find "$1" -path '*/blocks/*' -type f -printf '%s\n'"#, root.url.path).lines
        #expect(sizes.count == 3)
        #expect(before.bytes == sizes.compactMap { Int64($0) }.reduce(0, +))

        let text = try run("status")
        #expect(
            text.lines.map { $0.split(separator: " ").first } == ["folder", "held", "blocks", "recordings", "oldest"])
        #expect(text.text.contains("6 KiB of 5 GiB"), "\(text.text)")

        #expect(try run("clear").end == .exited(0))
        #expect(try report().bytes == 0)
        #expect(try report().oldestUse == nil)
        let content = CacheContent(sid: "RE1", entityTag: "\"1\"", size: 100)
        #expect(cache.blocks(of: content) == [])
    }

    @Test("Where there is no cache, status says that nothing is held and clear does nothing; neither makes one")
    func nothing() throws {
        #expect(try report().blocks == 0)
        #expect(try run("status").end == .exited(0))
        #expect(try run("clear").end == .exited(0))
        #expect(try FileManager.default.contentsOfDirectory(atPath: root.url.path) == [])
    }

    @Test("A folder that is named, and is none or somebody else's, ends with a sentence and status 16")
    func named() throws {
        let file = try root.file("file", "")
        let absent = root.path("absent")
        for (path, words) in [(absent, "there is no cache folder '\(absent)'"), (file, "'\(file)' is a file")] {
            for word in ["status", "clear"] {
                let result = try Command.run([BuiltPrograms.twiliofs, "cache", word, "--cache-dir", path])
                #expect(result.end == .exited(16) && result.text == "")
                #expect(result.errorText.contains(words), "\(result.errorText)")
                #expect(result.errorText.split(separator: "\n").count == 1, "\(result.errorText)")
            }
        }
        let foreign = try root.folder("foreign")
        chmod(foreign, 0o777)
        let refusal = try Command.run([BuiltPrograms.twiliofs, "cache", "status", "--cache-dir", foreign])
        #expect(refusal.end == .exited(16))
        for word in ["status", "clear"] {
            let result = try Command.run(
                [BuiltPrograms.twiliofs, "cache", word], adding: ["XDG_CACHE_HOME": root.path("none")])
            #expect(result.end == .exited(0), "the usual one needn't be there: \(result.errorText)")
        }
    }

    @Test("With a damaged index status ends with a sentence and status 16; clear makes it anew")
    func damaged() throws {
        try fill(3).shutDown()
        let index = URL(filePath: root.path("ciphertext/store/index.sqlite"))
        try Data("no index".utf8).write(to: index)
        let status = try run("status")
        #expect(status.end == .exited(16))
        #expect(status.errorText.hasPrefix("twiliofs: "))
        #expect(status.errorText.contains("cache clear"))
        #expect(status.errorText.split(separator: "\n").count == 1, "\(status.errorText)")
        #expect(try Data(contentsOf: index) == Data("no index".utf8), "nothing is changed by looking")
        #expect(try run("clear").end == .exited(0))
        #expect(try report().blocks == 0)
        #expect(
            try Command.shell(#"find "$1" -path '*/blocks/*' -type f"#, root.url.path).lines == [], "nothing is left")
    }

    @Test("A folder that can't be used ends with a sentence and status 16")
    func unusable() throws {
        try root.file("ciphertext", "")
        let result = try run("clear")
        #expect(result.end == .exited(16))
        #expect(result.errorText.contains(root.path("ciphertext")))
    }
}
