import Foundation
import Support
import TestSupport
import Testing

@Suite("System calls", .orderly)
struct SystemCallTests {
    @Test("A call that a signal interrupts is made again, and no other")
    func interruptions() {
        var calls = 0
        let count = uninterrupted {
            calls += 1
            errno = EINTR
            return calls < 3 ? -1 : 7
        }
        #expect(count == 7 && calls == 3)
        calls = 0
        let refused = uninterrupted {
            calls += 1
            errno = EIO
            return -1
        }
        let code = SystemErrorCode.current
        #expect(refused == -1 && calls == 1 && code.rawValue == EIO)
    }

    @Test("A file is read to its end, also one that the kernel hands over in pieces; what can't be read is an error")
    func reading() throws {
        let folder = try TemporaryFolder()
        let text = String(repeating: "0123456789", count: 30_000)
        let file = open(try folder.file("text", text), O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        #expect(try readToEnd(file) == Array(text.utf8))
        #expect(try readToEnd(file).isEmpty)
        let maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        defer { close(maps) }
        let lines = String(decoding: try readToEnd(maps), as: UTF8.self)
        #expect(lines.hasSuffix("\n") && lines.contains("[stack]"))
        let directory = open(folder.url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(directory) }
        let error = #expect(throws: SystemError.self) { try readToEnd(directory) }
        #expect(error?.code.rawValue == EISDIR)
    }

    @Test("A file's lock excludes others until it goes, also in the same process, and is waited for as long as allowed")
    func locks() throws {
        let folder = try TemporaryFolder()
        let path = try folder.file("lock", "")
        func opened() -> Int32 { open(path, O_RDWR | O_CLOEXEC) }
        var lock: FileLock? = try FileLock(opened(), of: path)
        let other = opened()
        #expect(!FileLock.isFree(other))
        close(other)
        let begin = ContinuousClock.now
        let error = #expect(throws: SystemError.self) {
            try FileLock(opened(), of: path, patience: .milliseconds(50))
        }
        #expect(error?.code.rawValue == EWOULDBLOCK && error?.message.contains(path) == true)
        #expect(begin.duration(to: .now) >= .milliseconds(50))
        #expect(lock != nil)
        lock = nil
        lock = try FileLock(opened(), of: path)
        #expect(lock != nil)
        lock = nil
        let last = opened()
        #expect(FileLock.isFree(last))
        close(last)
    }
}
