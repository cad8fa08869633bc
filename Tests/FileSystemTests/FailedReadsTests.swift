import Media
import Support
import TestSupport
import Testing

@testable import FileSystem
@testable import FileTree

@Suite("The kernel's second attempt at a read that has failed", .orderly)
struct FailedReadsTests {
    private static let error = FileTreeError(.media(.transferFailed), "no answer")
    private static let start = ContinuousClock.now
    private static let inode = InodeNumber(rawValue: 7)

    /// A failed read of 128 KiB by the thread 5.
    private static func failed() -> FailedReads {
        var reads = FailedReads()
        reads.note(error, of: inode, 131_072..<262_144, by: 5, now: start)
        return reads
    }

    @Test("It has the answer of the first, once: the program's next read starts anew")
    func once() {
        var reads = Self.failed()
        let answers = (0..<2).map { _ in reads.take(Self.inode, 131_072..<135_168, by: 5, now: Self.start) }
        #expect(answers.map { $0?.code } == [.media(.transferFailed), nil])
        #expect(reads.isEmpty)
    }

    @Test("Threads of other namespaces have one number, and never the answer of another")
    func foreign() {
        var reads = FailedReads()
        reads.note(Self.error, of: Self.inode, 131_072..<262_144, by: 0, now: Self.start)
        #expect(reads.take(Self.inode, 131_072..<135_168, by: 0, now: Self.start) == nil)
    }

    @Test("A read of other bytes, by another thread, of another file, or later is none; any page may be the first")
    func others() {
        func isSecond(offset: Int64 = 135_168, thread: Int32 = 5, inode: UInt64 = 7, seconds: Int = 0) -> Bool {
            var reads = Self.failed()
            let later = Self.start + .seconds(seconds)
            return reads.take(InodeNumber(rawValue: inode), offset..<offset + 4096, by: thread, now: later) != nil
        }
        #expect(isSecond() && isSecond(offset: 131_072) && isSecond(offset: 258_048))
        #expect(!isSecond(offset: 126_976) && !isSecond(offset: 260_096))
        #expect(!isSecond(thread: 6) && !isSecond(inode: 8) && !isSecond(seconds: 3))
    }

    @Test("A single page that fails isn't remembered: it may be the second attempt itself")
    func page() {
        var reads = FailedReads()
        reads.note(Self.error, of: Self.inode, 0..<4096, by: 5, now: Self.start)
        #expect(reads.isEmpty)
    }
}
