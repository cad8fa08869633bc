import Support
public import TwilioAPI

/// The attributes of a node, as `stat` reports them.
public struct Attributes: Hashable, Sendable {
    /// The kind of a node.
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

    /// The kind of node.
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
    /// The kernel drops the pages of a file whose time changes.
    public var revision = 0

    /// How long the kernel may keep the attributes, in seconds.
    public let validity: Double

    /// The time in seconds since 1970 (POSIX time), for callers that know nothing of Twilio.
    public var modificationTime: Int64 { modified.seconds }
}

extension Attributes {
    /// The time of nodes without a time of their own.
    ///
    /// Always the same, so that a backup isn't given something new each time.
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

    /// Permission bits that are removed; 077 makes files 0600 and directories 0700.
    public var mask: UInt32

    /// Makes an ownership.
    public init(user: UInt32, group: UInt32, mask: UInt32 = 0o077) {
        self.user = user
        self.group = group
        self.mask = mask
    }

    /// The permission bits of a file.
    ///
    /// Writable, although the mount is read-only: copies keep the bits, and their owner has to be able to change and
    /// delete them.
    var filePermissions: UInt32 { 0o666 & ~mask }

    /// The permission bits of a symbolic link, which have no effect: those of its target count.
    var linkPermissions: UInt32 { 0o777 }

    /// The permission bits of a directory.
    var directoryPermissions: UInt32 { 0o777 & ~mask }

    /// Refuses an access that the mode doesn't allow.
    ///
    /// - Parameter wanted: bits of the access: 4 read, 2 write, 1 search.
    func check(_ wanted: UInt32, isDirectory: Bool, user: UInt32, group: UInt32) throws(FileTreeError) {
        guard wanted & 2 == 0 else { throw FileTreeError(.readOnly, "the mount is read-only") }
        // The superuser passes, as in every file system; files without an execute bit are not programs even for it.
        if user == 0, wanted & 1 == 0 || isDirectory { return }
        let permissions = isDirectory ? directoryPermissions : filePermissions
        let shift: UInt32 = user == self.user ? 6 : group == self.group ? 3 : 0
        guard (permissions >> shift) & wanted == wanted else {
            throw FileTreeError(.permissionDenied, "the mode doesn't allow it")
        }
    }
}
