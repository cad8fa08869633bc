import Support
public import TwilioAPI

/// The attributes of a node, as `stat` reports them.
public struct Attributes: Hashable, Sendable {
    /// The type of a node.
    public enum FileType: Hashable, Sendable {
        /// A directory.
        case directory
        /// A regular file.
        case regular
        /// A symbolic link.
        case link
    }

    /// The node's number.
    public let inode: InodeNumber
    /// The type of the node.
    public let type: FileType
    /// Permission bits.
    public let permissions: UInt32
    /// Owner.
    public let user: UInt32
    /// Group.
    public let group: UInt32
    /// The size in bytes: of media, that of the plaintext; of a link, that of the target.
    public let size: Int64
    /// The time of the recording; of a resource, its last change; of a directory, a time derived from its recordings.
    public let modified: Timestamp

    /// The number of changes of the content since the mount, reported as the nanoseconds of the time.
    ///
    /// The kernel drops the pages of a file when its time changes.
    public var revision = 0

    /// The time for which the kernel may keep the attributes, in seconds.
    public let validity: Double

    /// The time in seconds since 1970 (POSIX time).
    public var modificationTime: Int64 { modified.seconds }
}

extension Attributes {
    /// The time of nodes without their own time: constant, so that backups see no change.
    static let unknownTime = Timestamp(seconds: 0)

    /// The attributes of a file.
    init(regular inode: InodeNumber, _ ownership: Ownership, size: Int64, modified: Timestamp, validity: Double) {
        self.init(
            inode: inode, type: .regular, permissions: ownership.filePermissions, user: ownership.user,
            group: ownership.group, size: size, modified: modified, validity: validity)
    }
}

/// The owner of all files, and the permissions of others.
public struct Ownership: Hashable, Sendable {
    /// Owner of everything.
    public var user: UInt32
    /// Group of everything.
    public var group: UInt32
    /// Permission bits to remove; 077 makes files 0600 and directories 0700.
    public var mask: UInt32

    /// Makes an ownership.
    public init(user: UInt32, group: UInt32, mask: UInt32 = 0o077) {
        self.user = user
        self.group = group
        self.mask = mask
    }

    /// The permission bits of a file.
    ///
    /// They allow writing despite the read-only mount: copies keep the bits, and the owner of a copy has to be able to
    /// change it.
    var filePermissions: UInt32 { 0o666 & ~mask }

    /// The permission bits of a symbolic link; they have no effect.
    var linkPermissions: UInt32 { 0o777 }

    /// The permission bits of a directory.
    var directoryPermissions: UInt32 { 0o777 & ~mask }

    /// Refuses an access that the mode doesn't allow.
    ///
    /// - Parameter wanted: Bits of the access: 4 read, 2 write, 1 search.
    func check(_ wanted: UInt32, isDirectory: Bool, user: UInt32, group: UInt32) throws(FileTreeError) {
        guard wanted & 2 == 0 else { throw FileTreeError(.readOnly, "the mount is read-only") }
        // The superuser passes, as in every file system, except for executing a file without an execute bit.
        if user == 0, wanted & 1 == 0 || isDirectory { return }
        let permissions = isDirectory ? directoryPermissions : filePermissions
        let shift: UInt32 = user == self.user ? 6 : group == self.group ? 3 : 0
        guard (permissions >> shift) & wanted == wanted else {
            throw FileTreeError(.permissionDenied, "the mode doesn't allow it")
        }
    }
}
