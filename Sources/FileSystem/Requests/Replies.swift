import CFUSE
import FileTree
import Glibc

/// The tree's values in libfuse's types.
extension Attributes {
    /// The attributes for `stat`.
    var stat: stat {
        var stat = Glibc.stat()
        stat.st_ino = UInt(inode.rawValue)
        stat.st_mode = permissions | type.mode
        stat.st_nlink = type == .directory ? 2 : 1
        stat.st_uid = user
        stat.st_gid = group
        stat.st_size = Int(size)
        // Units of 512 bytes, which `du` adds up.
        stat.st_blocks = Int(size / 512 + (size % 512 > 0 ? 1 : 0))
        // The size of reads by `cp` and `cat`.
        stat.st_blksize = 1 << 20
        let time = timespec(tv_sec: Int(modificationTime), tv_nsec: revision % 1_000_000_000)
        stat.st_mtim = time
        stat.st_ctim = time
        stat.st_atim = time
        return stat
    }
}

extension Attributes.FileType {
    /// Its bits of `st_mode`.
    var mode: mode_t {
        switch self {
        case .directory: S_IFDIR
        case .regular: S_IFREG
        case .link: S_IFLNK
        }
    }
}

extension fuse_entry_param {
    /// A found entry; without attributes, the kernel looks it up when it needs them.
    init(_ attributes: Attributes?, validity: Double) {
        self.init()
        guard let attributes else { return }
        ino = attributes.inode.rawValue
        attr = attributes.stat
        attr_timeout = attributes.validity
        entry_timeout = validity
    }
}
