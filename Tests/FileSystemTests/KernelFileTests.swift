import TestSupport
import Testing

@testable import FileSystem

@Suite("Files that the kernel makes", .orderly)
struct KernelFileTests {
    @Test("One that comes in many parts is read to its end")
    func whole() throws {
        let path = "/proc/crypto"
        let text = try Command.require(["cat", path]).text
        #expect(text.utf8.count > 4096)
        #expect(KernelFile.text(of: path) == text)
    }

    @Test("What can't be read is nothing")
    func missing() {
        #expect(KernelFile.text(of: "/proc/nothing") == nil)
        #expect(KernelFile.text(of: "/proc") == nil)
    }
}
