/// The attributes that the kernel keeps.
public protocol KernelCache: Sendable {
    /// Has the kernel ask again for the attributes of inodes that have gone or changed.
    ///
    /// Called on threads that answer requests as well, so it must not wait for the kernel.
    func expire(_ inodes: [InodeNumber])
}
