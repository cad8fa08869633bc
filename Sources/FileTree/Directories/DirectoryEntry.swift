/// An entry that a lookup found.
public struct Entry: Hashable, Sendable {
    /// What is known of it, valid for no time where the size isn't.
    public let attributes: Attributes

    /// How long the kernel may keep the name, in seconds.
    public let validity: Double
}

/// An entry of a directory's listing.
public struct DirectoryEntry: Hashable, Sendable {
    /// The entry's name.
    public let name: String

    /// The entry's inode number.
    public let inode: InodeNumber

    /// What kind of node it is.
    public let type: Attributes.FileType

    /// What is told with the name, valid for no time where the size isn't known; nil where finding it out costs much.
    public let attributes: Attributes?

    /// How long the kernel may keep the name, in seconds.
    public let validity: Double

    /// Where a reader that has had this entry goes on.
    public let cookie: Int64

    let node: Node
}

/// A directory that was opened: its list is complete.
public final class DirectoryHandle: Sendable {
    let directory: Directory
    let branch: BranchNumber

    /// The database that its list comes from.
    let epoch: Int

    init(directory: Directory, branch: BranchNumber, epoch: Int) {
        self.directory = directory
        self.branch = branch
        self.epoch = epoch
    }
}
