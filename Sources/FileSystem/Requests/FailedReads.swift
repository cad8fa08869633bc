import FileTree
import Glibc
import Support

/// The reads that failed a moment ago, for the kernel's second attempt at each.
///
/// When a read through the page cache fails, the kernel at once requests the program's first page alone, before it
/// tells the program. That attempt would wait for the network as long as the first. It belongs to the same read of the
/// program, so it has the same answer, once; the program's next read starts anew.
struct FailedReads {
    /// The time within which the second attempt comes, usually microseconds.
    static let lifetime = Duration.seconds(2)

    private struct Key: Hashable {
        let inode: InodeNumber
        let threadID: pid_t
    }

    private struct Failure {
        let range: Range<Int64>
        let error: FileTreeError
        let time: ContinuousClock.Instant
    }

    private var failures: [Key: Failure] = [:]

    /// Whether nothing is remembered.
    var isEmpty: Bool { failures.isEmpty }

    /// Remembers a read that has failed, unless no second attempt will come.
    ///
    /// - Parameters:
    ///   - range: The requested bytes. A single page is remembered not at all: it may be a second attempt.
    ///   - threadID: The reading thread; 0 for any thread of another namespace, of which nothing is remembered.
    mutating func note(
        _ error: FileTreeError, of inode: InodeNumber, _ range: Range<Int64>, by threadID: pid_t,
        now: ContinuousClock.Instant
    ) {
        failures = failures.filter { now - $0.value.time < Self.lifetime }
        guard range.count > KernelPage.size, threadID != 0 else { return }
        failures[Key(inode: inode, threadID: threadID)] = Failure(range: range, error: error, time: now)
    }

    /// Returns the error of a read if this is the kernel's second attempt at it.
    mutating func take(
        _ inode: InodeNumber, _ range: Range<Int64>, by threadID: pid_t, now: ContinuousClock.Instant
    ) -> FileTreeError? {
        guard let failure = failures.removeValue(forKey: Key(inode: inode, threadID: threadID)),
            now - failure.time < Self.lifetime, failure.range.lowerBound <= range.lowerBound,
            range.upperBound <= failure.range.upperBound
        else { return nil }
        return failure.error
    }
}

/// A page of the kernel's cache.
private enum KernelPage {
    /// Its size in bytes.
    static let size = Int(sysconf(Int32(_SC_PAGESIZE)))
}
