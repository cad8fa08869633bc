import CFUSE
import Glibc

extension statvfs {
    /// Bytes of a block, in which `df` counts.
    private static let blockSize: UInt = 4096

    /// How much is free for what is used: one percent at most is in use then.
    ///
    /// Nothing can be written. But a read-only file system without free space is full for everybody who watches disks.
    private static let freePerUsed: UInt = 99

    /// What `df` tells of recordings.
    ///
    /// - Parameters:
    ///   - files: the number of recordings, all of which count as used.
    ///   - bytes: the sum of their sizes.
    init(files: Int64, bytes: Int64) {
        self.init()
        f_bsize = Self.blockSize
        f_frsize = Self.blockSize
        f_namemax = 255
        let (bytes, files) = (UInt(max(0, bytes)), UInt(max(0, files)))
        (f_blocks, f_bfree) = Self.room(for: bytes / Self.blockSize + (bytes % Self.blockSize == 0 ? 0 : 1))
        (f_files, f_ffree) = Self.room(for: files)
        f_bavail = f_bfree
        f_favail = f_ffree
    }

    /// What there is and what is free of it, when so much is used.
    ///
    /// The sizes come from others, so nothing here may overflow; `df` multiplies by a hundred.
    private static func room(for used: UInt) -> (total: UInt, free: UInt) {
        let used = min(used, UInt.max / (freePerUsed + 1) / 100)
        // A tebibyte of free blocks at least, so that an empty account isn't full either.
        let free = max(used * freePerUsed, 1 << 28)
        return (used + free, free)
    }
}
