import Foundation
import TestSupport
import Testing

@Suite("The document of promises", .orderly)
struct SemanticsDocumentTests {
    /// The names of all tests in a folder, as far as they are sentences.
    private static func tests(in folder: String) throws -> Set<String> {
        let folder = BuiltPrograms.package.appending(path: folder)
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var names: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /@Test\(\s*"((?:[^"\\]|\\.)*)"/) { names.insert(String(match.1)) }
        }
        return names
    }

    @Test("Each promise is the name of a test, once")
    func promises() throws {
        let promises = try SemanticsDocument().promises
        #expect(promises.count > 70 && Set(promises).count == promises.count)
        let tests = try Self.tests(in: "Tests")
        #expect(promises.filter { !tests.contains($0) } == [])
    }

    @Test("Each test of a promise is one of the document's")
    func others() throws {
        let tests = try Self.tests(in: "Tests/MountTests/Semantics")
        #expect(tests.count > 10)
        #expect(try tests.subtracting(SemanticsDocument().promises) == [])
    }

    @Test("The rows of its tables are those that the tests know")
    func rows() throws {
        let document = try SemanticsDocument()
        let failures = document.table("failure", with: "reason").compactMap { $0["failure"] }
        #expect(failures == MediaFailure.allCases.map(\.rawValue))
        #expect(document.table("failure", with: "error", "log").count == failures.count, "the first table is that one")
        let hosts = document.table("failure of the host").compactMap { $0["failure of the host"] }
        #expect(hosts == HostFailure.allCases.map(\.rawValue))
        let disks = document.table("failure of the cache folder").compactMap { $0["failure of the cache folder"] }
        #expect(disks == DiskFailure.allCases.map(\.rawValue))
    }
}
