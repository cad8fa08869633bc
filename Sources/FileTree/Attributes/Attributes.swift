import Catalog
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

    /// The inode number.
    public internal(set) var inode: InodeNumber
    /// The kind of the node.
    public let type: FileType
    /// The permission bits.
    public let permissions: UInt32
    /// The user ID of the owner.
    public let user: UInt32
    /// The group ID.
    public let group: UInt32
    /// The size in bytes; for media, the size of the plaintext; for a link, the length of the target.
    public let size: Int64
    /// The modification time.
    ///
    /// Media and links have the recording's creation time, resources the time of their last change. Directories of
    /// dates have the beginning of the interval, most others the creation time of a recording in them.
    public let modified: Timestamp

    /// The number of changes of the content since the mount.
    ///
    /// `stat` reports it as the nanoseconds of the modification time: the kernel drops a file's cached pages when that
    /// time changes.
    public var revision = 0

    /// The time for which the kernel may keep the attributes, in seconds.
    public let validity: Double

    /// The modification time in seconds since 1970 (POSIX time).
    public var modificationTime: Int64 { modified.seconds }
}

extension Attributes {
    /// The modification time of nodes without one of their own; constant, so that backups see no change.
    static let unknownTime = Timestamp(seconds: 0)

    /// The modification time of a recording's resource.
    static func time(ofResource entry: CatalogEntry) -> Timestamp {
        entry.dateUpdated ?? entry.dateCreated ?? unknownTime
    }

    /// The attributes of a file.
    init(regular inode: InodeNumber, _ ownership: Ownership, size: Int64, modified: Timestamp, validity: Double) {
        self.init(
            inode: inode, type: .regular, permissions: ownership.filePermissions, user: ownership.user,
            group: ownership.group, size: size, modified: modified, validity: validity)
    }
}

/// The owner, the group and the permissions of all files.
public struct Ownership: Hashable, Sendable {
    /// The user ID of the owner of all files.
    public var user: UInt32
    /// The group ID of all files.
    public var group: UInt32
    /// The permission bits to remove; 077 makes files 0600 and directories 0700.
    public var mask: UInt32

    /// Makes an ownership.
    public init(user: UInt32, group: UInt32, mask: UInt32 = 0o077) {
        self.user = user
        self.group = group
        self.mask = mask
    }

    /// The permission bits of a file.
    ///
    /// They allow writing, although the mount is read-only: programs copy the bits to the copies they make, and the
    /// owner of a copy must be able to change it.
    var filePermissions: UInt32 { 0o666 & ~mask }

    /// The permission bits of a symbolic link; they have no effect.
    var linkPermissions: UInt32 { 0o777 }

    /// The permission bits of a directory.
    var directoryPermissions: UInt32 { 0o777 & ~mask }
}
