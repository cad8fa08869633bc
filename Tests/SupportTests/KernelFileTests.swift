import Support
import TestSupport
import Testing

@Suite("Files of the kernel", .orderly)
struct KernelFileTests {
    @Test("A file that comes in many parts is read to its end")
    func whole() throws {
        let path = "/proc/crypto"
        let text = try Command.require(["cat", path]).text
        #expect(text.utf8.count > 4096)
        #expect(KernelFile.text(of: path) == text)
    }

    @Test("No more is read than the limit allows", arguments: [0, 1, 3000, 5000])
    func limited(limit: Int) throws {
        let path = "/proc/crypto"
        let beginning = try Command.require(["head", "-c", "\(limit)", path]).text
        #expect(KernelFile.bytes(of: path, limit: limit) == Array(beginning.utf8))
        // An endless file doesn't fill the memory.
        #expect(KernelFile.bytes(of: "/dev/zero", limit: limit)?.count == limit)
    }

    @Test("A file that is missing, or a folder, gives nothing")
    func missing() {
        #expect(KernelFile.text(of: "/proc/nothing") == nil)
        #expect(KernelFile.text(of: "/proc") == nil)
    }
}
