import Support
import TestSupport
import Testing

@testable import FileTree

@Suite("Files about the mount itself", .orderly)
struct ControlFilesTests {
    @Test("A text that may be padded has the size that was reported, whatever its length is when it is opened")
    func padded() throws {
        let texts = MadeUpTexts()
        let files = ControlFiles(contents: texts)
        let size = try files.size(of: .status)
        #expect(size > 5)
        for count in [5, 0, size - 1, size] {
            texts.set(count)
            let content = try files.content(of: .status)
            #expect(content == Array(repeating: 1, count: count) + Array(repeating: 2, count: size - count))
        }
        // Each file has a size of its own.
        texts.set(5)
        #expect(try files.size(of: .metrics) < files.size(of: .status))
    }

    @Test("A text that may not be padded is as it is")
    func exact() throws {
        let texts = MadeUpTexts()
        let files = ControlFiles(contents: texts)
        for count in [5, 0, 20_000] {
            texts.set(count)
            #expect(try files.size(of: .version) == count)
            #expect(try files.content(of: .version) == Array(repeating: 1, count: count))
        }
    }

    @Test("A text that can't be made is an error and no empty file, unless only its size is asked for and known")
    func failure() throws {
        let texts = MadeUpTexts()
        texts.set(nil)
        let files = ControlFiles(contents: texts)
        for file in ControlFile.allCases {
            let noSize = #expect(throws: FileTreeError.self) { try files.size(of: file) }
            let noContent = #expect(throws: FileTreeError.self) { try files.content(of: file) }
            #expect(noSize?.code == .inputOutput && noContent?.code == .inputOutput)
        }
        texts.set(5)
        let size = try files.size(of: .status)
        texts.set(nil)
        #expect(try files.size(of: .status) == size)
    }
}
