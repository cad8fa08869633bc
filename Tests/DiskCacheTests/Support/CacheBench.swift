import Foundation
import Glibc
import TestSupport
import Testing

@testable import DiskCache
@testable import cache_exerciser

/// A folder with a cache, looked at from outside.
final class CacheBench: Sendable {
    /// Where the cache is.
    let path: String

    private let folder: TemporaryFolder
    private let recorded = RecordedLog()

    /// - Parameter path: another folder than a temporary one.
    init(path: String? = nil) throws {
        folder = try TemporaryFolder()
        self.path = path ?? folder.path("cache")
    }

    /// Opens the cache; pauses are short.
    ///
    /// - Parameter isSwept: whether the first sweep is over when this returns. It would take a file that a test is
    ///   changing for a block without a file, or for one of another size.
    func open(
        limit: Int64 = 1 << 30, minimumFree: Int64 = 0, interval: Duration = .milliseconds(50),
        pause: Duration = .milliseconds(100), isSwept: Bool = true
    ) throws -> DiskCache {
        let timing = CacheCore.Timing(interval: interval, pause: pause, patience: .milliseconds(200))
        let cache = try DiskCache(
            CacheCore(folder: path, limit: limit, minimumFree: minimumFree, timing: timing, logger: recorded.logger))
        if isSwept { cache.waitForUpkeep() }
        return cache
    }

    /// Removes all blocks, as a process that doesn't use the cache does.
    func clear() throws { try DiskCache.Folder(path: path).clear() }

    /// What was logged so far, each line beginning with its level.
    var log: [String] { recorded.lines }

    /// The paths of all files of blocks, also of those that are being written, and of stores that were set aside.
    var files: [String] {
        (FileManager.default.subpaths(atPath: path) ?? []).filter { $0.contains("/blocks/") }.map { "\(path)/\($0)" }
            .filter {
                var status = stat()
                return stat($0, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            }
    }

    /// The sum of their sizes.
    var bytes: Int64 {
        files.reduce(0) { sum, file in
            var status = stat()
            // Gone since it was listed.
            return stat(file, &status) == 0 ? sum + Int64(status.st_size) : sum
        }
    }

    /// The sum of their sizes, as find(1) has it.
    func bytesByFind() throws -> Int64 {
        let script = #"find "$1" -path '*/blocks/*' -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }'"#
        return try #require(Int64(try Command.shell(script, path).lines.first ?? ""))
    }

    /// The path of the index.
    var index: String { "\(path)/store/index.sqlite" }

    /// Where a block's file is; the cache holds just the one.
    func onlyFile() throws -> String {
        try #require(files.count == 1, "\(files)")
        return files[0]
    }
}

extension DiskCache {
    /// Stores the block that belongs there.
    func store(_ block: Int, of content: CacheContent) {
        store(Pattern.bytes(block, of: content), block, of: content)
    }

    /// Whether a block is read; a wrong one is a failure.
    func hasRight(_ block: Int, of content: CacheContent, sourceLocation: SourceLocation = #_sourceLocation) -> Bool {
        guard let bytes = read(block, of: content, length: Pattern.length(block, of: content)) else { return false }
        #expect(areSame(bytes, Pattern.bytes(block, of: content)), "wrong bytes", sourceLocation: sourceLocation)
        return true
    }
}
