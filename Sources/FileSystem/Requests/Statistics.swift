import CFUSE
import Glibc

extension statvfs {
    /// The size of a block for `df`, in bytes.
    private static let blockSize: UInt = 4096

    /// The ratio of free to used space: at most one percent is in use.
    ///
    /// Nothing can be written, but disk monitoring reports a file system without free space as full.
    private static let freePerUsed: UInt = 99

    /// The statistics of recordings for `df`: their number and the sum of their sizes.
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

    /// The total and the free space for `used`.
    ///
    /// The sizes come from others, so nothing may overflow; `df` multiplies by a hundred.
    private static func room(for used: UInt) -> (total: UInt, free: UInt) {
        let used = min(used, UInt.max / (freePerUsed + 1) / 100)
        // At least a tebibyte of free blocks, so that an empty account isn't full either.
        let free = max(used * freePerUsed, 1 << 28)
        return (used + free, free)
    }
}
