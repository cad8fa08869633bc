/// The kernel's cache of attributes.
public protocol KernelCache: Sendable {
    /// Has the kernel ask again for the attributes of removed or changed inodes.
    ///
    /// Called on threads that answer requests, so it must not wait for the kernel.
    func expire(_ inodes: [InodeNumber])
}
