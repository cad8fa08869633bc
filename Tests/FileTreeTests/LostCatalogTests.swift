import Foundation
import Support
import TestSupport
import Testing

@testable import FileTree

@Suite("A catalog that is lost while the tree is used", .orderly)
struct LostCatalogTests {
    /// Lists one directory again and again, and returns each answer that is neither whole nor an input/output error.
    ///
    /// Ends when the catalog is no longer lost and the directory has been listed since.
    private static func faults(_ bench: TreeBench, _ path: String, count: Int, until isOver: Locked<Bool>) -> [String] {
        var faults: [String] = []
        var latest: (any Error)?
        /// Lists it once; returns whether that succeeded.
        func list() -> Bool {
            do {
                let names = try bench.list(bench.find(path).inode, limit: 100).map(\.name)
                if names.count != count || Set(names).count != count { faults.append("\(path): \(names.count) names") }
                return true
            } catch let error as FileTreeError where error.code == .inputOutput {
                latest = error
                return false
            } catch {
                faults.append("\(path): \(error)")
                return false
            }
        }
        while !isOver.withLock({ $0 }) { _ = list() }
        if !eventually(list) { faults.append("\(path) is never listed: \(latest.map { "\($0)" } ?? "")") }
        return faults
    }

    @Test("Each directory is listed whole, or is an error that isn't its absence")
    func whole() throws {
        let bench = try TreeBench(generated: 250)
        defer { bench.shutDown() }
        let day = try #require(
            try bench.list(bench.find("by-date").inode).map(\.name).max().flatMap { year in
                try bench.list(bench.find("by-date/\(year)").inode).map(\.name).filter { $0 != "." && $0 != ".." }
                    .min().map { "by-date/\(year)/\($0)" }
            })
        let counts = try ["recordings", "metadata/recordings", day].map { path in
            (path, try bench.list(bench.find(path).inode).count)
        }
        let isOver = Locked(false)
        let faults = Locked<[String]>([])
        let threads = try counts.map { path, count in
            try NamedThread(name: "lister") {
                let found = Self.faults(bench, path, count: count, until: isOver)
                faults.withLock { $0 += found }
            }
        }
        for _ in 0..<40 {
            usleep(20_000)
            // Somebody may be making it at this moment.
            try? bench.loseCatalog()
        }
        isOver.withLock { $0 = true }
        for thread in threads { thread.join() }
        #expect(faults.withLock { $0 } == [])
    }
}
