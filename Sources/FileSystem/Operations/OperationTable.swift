import CFUSE

extension fuse_lowlevel_ops {
    /// What libfuse is to call for which request.
    ///
    /// What isn't here is answered with ENOSYS by libfuse.
    static var twiliofs: fuse_lowlevel_ops {
        var operations = fuse_lowlevel_ops()
        operations.`init` = initialize

        operations.lookup = lookUp
        operations.forget = forgetOne
        operations.forget_multi = forgetMany
        operations.getattr = getAttributes
        operations.access = checkAccess
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

/// Settles with the kernel how requests look, when the mount begins.
private func initialize(_ userData: UnsafeMutableRawPointer?, _ connection: UnsafeMutablePointer<fuse_conn_info>?) {
    // As in the mount option of the same name; libfuse wants both to agree.
    connection?.pointee.max_read = UInt32(FileSystemSession.largestRead)
    // The kernel's own read-ahead counts as background. With its default of 12, a few files on a host that stalls would
    // keep it from reading ahead in all others. Asynchronous requests, large ones, and attributes that come with
    // directory entries are libfuse's defaults where the kernel knows them.
    connection?.pointee.max_background = 64
    connection?.pointee.congestion_threshold = 48
    guard let capable = connection?.pointee.capable else { return }
    // Nodes are found by their numbers, so file handles are good for as long as their recording is. Lookups in one
    // directory may come in parallel; libfuse 3.14 takes that for its default but doesn't tell the kernel, later
    // versions want to be asked (libfuse's changes 861 and 880). So nothing may rely on it.
    // The kernel drops a file's pages when its time has changed; it alone can wait for those that a read holds.
    connection?.pointee.want |=
        capable & UInt32(FUSE_CAP_EXPORT_SUPPORT | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_AUTO_INVAL_DATA)
}
