import Support

/// The answer to a lookup.
public struct Entry: Hashable, Sendable {
    /// The attributes; their validity is 0 while the size is unknown.
    public let attributes: Attributes
    /// The time for which the kernel may keep the name, in seconds.
    public let validity: Double
}

/// An entry of a directory's listing.
public struct DirectoryEntry: Hashable, Sendable {
    /// The entry's name.
    public let name: String
    /// The entry's inode number.
    public internal(set) var inode: InodeNumber
    /// The type of the node.
    public let type: Attributes.FileType
    /// The attributes; their validity is 0 while the size is unknown; nil where they require a query.
    public internal(set) var attributes: Attributes?
    /// The time for which the kernel may keep the name, in seconds.
    public let validity: Double
    /// The position after this entry, from which a listing continues.
    public let cookie: Int64
    let node: Node
}

/// An open directory with a complete list.
public final class DirectoryHandle: Sendable {
    /// The list of a directory, once it is complete.
    struct List: Sendable {
        /// The epoch of the database that has it.
        let epoch: Int
        /// The position of the last recording whose readable name is certain; nil where all names are.
        let lastNamed: Int64?
    }

    let directory: Directory
    let branch: BranchNumber
    private let current: Locked<List>

    init(directory: Directory, branch: BranchNumber, list: List) {
        self.directory = directory
        self.branch = branch
        current = Locked(list)
    }

    /// The list from which entries are told.
    var list: List { current.withLock { $0 } }

    /// Goes on with the list of another database.
    func adopt(_ list: List) { current.withLock { $0 = list } }
}
