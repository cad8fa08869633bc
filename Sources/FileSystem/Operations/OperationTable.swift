import CFUSE

extension fuse_lowlevel_ops {
    /// The functions for libfuse's requests; libfuse answers others with ENOSYS.
    static var twiliofs: fuse_lowlevel_ops {
        var operations = fuse_lowlevel_ops()
        operations.`init` = initialize

        operations.lookup = lookUp
        operations.forget = forgetOne
        operations.forget_multi = forgetMany
        operations.getattr = getAttributes
        operations.readlink = readLink
        operations.statfs = getStatistics
        operations.getxattr = getExtendedAttribute
        operations.listxattr = listExtendedAttributes

        operations.opendir = openDirectory
        operations.readdir = readDirectory
        operations.readdirplus = readDirectoryWithAttributes
        operations.releasedir = releaseDirectory

        operations.open = openFile
        operations.read = readFile
        operations.release = releaseFile

        operations.setattr = refuseSetAttributes
        operations.mknod = refuseMakeNode
        operations.mkdir = refuseMakeDirectory
        operations.unlink = refuseUnlink
        operations.rmdir = refuseUnlink
        operations.symlink = refuseSymbolicLink
        operations.rename = refuseRename
        operations.link = refuseLink
        operations.write = refuseWrite
        operations.create = refuseCreate
        operations.setxattr = refuseSetExtendedAttribute
        operations.removexattr = refuseUnlink
        operations.fallocate = refuseAllocate
        return operations
    }
}

/// Negotiates the form of requests with the kernel when the mount begins.
private func initialize(_ userData: UnsafeMutableRawPointer?, _ connection: UnsafeMutablePointer<fuse_conn_info>?) {
    // The same value as in the mount option, as libfuse requires.
    connection?.pointee.max_read = UInt32(FileSystemSession.largestRead)
    // The kernel's read-ahead counts as background. With the default limit of 12, a few files on a stalled host would
    // stop read-ahead in all others. Asynchronous requests, large requests, and attributes with directory entries are
    // libfuse's defaults if the kernel has them.
    connection?.pointee.max_background = 64
    connection?.pointee.congestion_threshold = 48
    guard let capable = connection?.pointee.capable else { return }
    // Nodes are found by their numbers, so file handles last as long as their recording. Lookups in one directory may
    // be parallel, but nothing may rely on that: libfuse 3.14 has it as its default but doesn't tell the kernel, and
    // later versions have to be asked for it (libfuse's changes 861 and 880). The kernel drops a file's pages when its
    // time changes; only the kernel can wait for pages that a read holds.
    connection?.pointee.want |=
        capable & UInt32(FUSE_CAP_EXPORT_SUPPORT | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_AUTO_INVAL_DATA)
}
