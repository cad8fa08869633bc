import FileTree

/// Which files are being read, and whose pages the kernel is to drop as soon as they aren't: a state machine without
/// I/O.
///
/// To drop pages, the kernel waits for those that a read fills. A thread that waits there when the process is killed
/// stays, and with it the connection and everybody who waits for an answer. So it is asked to only while no read waits.
struct PageGate {
    private struct File {
        var reads = 0
        var isDue = false
    }

    /// The files that are read.
    private var files: [InodeNumber: File] = [:]

    /// A read has begun.
    mutating func begin(_ inode: InodeNumber) {
        files[inode, default: File()].reads += 1
    }

    /// A read was answered.
    ///
    /// - Returns: whether the pages are to be dropped now.
    mutating func end(_ inode: InodeNumber) -> Bool {
        guard var file = files[inode] else { return false }
        file.reads -= 1
        files[inode] = file.reads > 0 ? file : nil
        return file.reads == 0 && file.isDue
    }

    /// Pages are to be dropped, now or when the last read has been answered.
    ///
    /// - Returns: whether now.
    mutating func drop(_ inode: InodeNumber) -> Bool {
        guard files[inode] != nil else { return true }
        files[inode]?.isDue = true
        return false
    }
}
