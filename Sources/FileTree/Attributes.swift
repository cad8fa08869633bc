public import TwilioAPI

/// What `stat` tells of a node.
public struct Attributes: Hashable, Sendable {
    /// What kind of node it is.
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

    /// What kind of node it is.
    public let type: FileType

    /// Permission bits.
    public let permissions: UInt32

    /// Owner.
    public let user: UInt32

    /// Group.
    public let group: UInt32

    /// Exact size in bytes; of media the plaintext's, of a link that of its target.
    public let size: Int64

    /// When the recording was made; of a resource, when Twilio last changed it; for directories, a time that follows
    /// from theirs.
    public let modified: Timestamp

    /// How often the content has changed although the time stayed the same: the nanoseconds of the time.
    ///
    /// The kernel drops what it keeps of the content when the time changes.
    public var revision = 0

    /// How long the kernel may keep the attributes, in seconds.
    public let validity: Double

    /// The time in seconds since 1970 (POSIX time), for who knows nothing of Twilio.
    public var modificationTime: Int64 { modified.seconds }
}

/// Who owns the files, and who else may read them.
public struct Ownership: Hashable, Sendable {
    /// Owner of everything.
    public var user: UInt32

    /// Group of everything.
    public var group: UInt32

    /// Permission bits that are taken away; 077 makes files 0600 and directories 0700.
    public var mask: UInt32

    /// Makes an ownership.
    public init(user: UInt32, group: UInt32, mask: UInt32 = 0o077) {
        self.user = user
        self.group = group
        self.mask = mask
    }

    /// The permission bits of a file.
    ///
    /// Writable, although nothing can be written: the mount is read-only, and copies keep the bits, with which their
    /// owner has to be able to change and delete them.
    var filePermissions: UInt32 { 0o666 & ~mask }

    /// The permission bits of a symbolic link, which nobody looks at: those of its target count.
    var linkPermissions: UInt32 { 0o777 }

    /// The permission bits of a directory.
    var directoryPermissions: UInt32 { 0o777 & ~mask }
}
