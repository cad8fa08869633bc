import Glibc
import TestSupport
import Testing

@testable import FileSystem

@Suite("What fusermount3 says", .orderly)
struct MountHelperTests {
    @Test("Its sentence is kept from the terminal, and other lines aren't")
    func listening() {
        let (value, sentence) = MountHelper.listening {
            let text = "fusermount3: user has no write access to mountpoint /mnt\n"
            return write(STDERR_FILENO, text, text.utf8.count)
        }
        #expect(value > 0)
        #expect(sentence == "user has no write access to mountpoint /mnt")
        #expect(MountHelper.listening { 1 }.sentence == nil)
    }

    @Test("The last line counts, whoever has written it")
    func sentences() {
        #expect(MountHelper.sentence(in: Array("fusermount3: one\nfusermount3: two\n".utf8)) == "two")
        #expect(MountHelper.sentence(in: Array("something else".utf8)) == "something else")
        #expect(MountHelper.sentence(in: []) == nil)
        #expect(MountHelper.sentence(in: Array("\n".utf8)) == nil)
    }

    @Test(
        "What it refuses has the code that it is about",
        arguments: [
            ("user has no write access to mountpoint /mnt", .mountPoint),
            ("mountpoint /mnt not owned by user", .mountPoint),
            ("mounting over filesystem type 0x9fa0 is forbidden", .mountPoint),
            ("failed to open /dev/fuse: Permission denied", .unavailable),
            ("fuse device not found, try 'modprobe fuse' first", .unavailable),
            ("mount failed: Operation not permitted", .unavailable), ("mount failed: Invalid argument", .refused),
        ] as [(String, FileSystemError.Code)])
    func codes(sentence: String, code: FileSystemError.Code) {
        #expect(MountHelper.code(of: sentence) == code)
    }
}
