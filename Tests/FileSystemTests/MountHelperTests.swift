import Glibc
import Support
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

    @Test("A signal that ends it is told from success, and from every status")
    func end() throws {
        func end(of script: String) throws -> ProcessEnd? { try MountHelper.run(["-c", script], path: "/bin/sh").end }
        #expect(try end(of: "kill -KILL $$") == .killed(signal: SIGKILL))
        #expect(try end(of: "exit 0") == .exited(0))
        #expect(try end(of: "exit 9") == .exited(9))
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
            ("could not determine username", .unavailable),
        ] as [(String, FileSystemError.Code)])
    func codes(sentence: String, code: FileSystemError.Code) {
        #expect(MountHelper.code(of: sentence) == code)
    }

    @Test("What an ordinary user can do is advised where fusermount3 doesn't tell")
    func advice() {
        func remedy(_ sentence: String, isPrivileged: Bool) -> String? {
            MountHelper.remedy(for: sentence, path: "/bin/fusermount3", isPrivileged: isPrivileged, user: 1234)
        }
        for isPrivileged in [true, false] {
            let unknown = remedy("could not determine username", isPrivileged: isPrivileged)
            #expect(unknown?.contains("1234") == true && unknown?.contains("/etc/passwd") == true)
            #expect(remedy("mount failed: Invalid argument", isPrivileged: isPrivileged) == nil)
        }
        let sentence = "mount failed: Operation not permitted"
        #expect(remedy(sentence, isPrivileged: true) == nil)
        #expect(remedy(sentence, isPrivileged: false)?.contains("chmod u+s /bin/fusermount3") == true)
    }

    @Test("Only the owner of a mount point is advised to change its mode")
    func mountPoint() {
        #expect(MountPoint.remedy(for: "/mnt/a", owner: 1234, user: 1234).contains("chmod u+rwx /mnt/a"))
        let other = MountPoint.remedy(for: "/mnt/a", owner: 0, user: 1234)
        #expect(other.contains("a directory of your own") && !other.contains("chmod"))
    }
}
