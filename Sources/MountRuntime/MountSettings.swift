public import Catalog
public import Envelope
public import FileTree
public import Media
public import Sync
public import Transfer
public import TwilioAPI

/// The settings of a mount, checked by the caller.
public struct MountSettings: Sendable {
    /// The version of the program, for requests and `.twiliofs/version`.
    public var version: String
    /// The mounted account.
    public var account: SID
    /// Provides the credential of the mounted account.
    public var credentials: any CredentialProvider
    /// The addresses of Twilio's services.
    public var endpoints: Endpoints
    /// The settings of the transfer client.
    public var transfer: TransferClient.Configuration
    /// The private keys.
    public var keys: KeyRing
    /// The settings of media, with the folder for its temporary files of ciphertext.
    public var media: MediaLibrary.Configuration
    /// The owner and the modes of the files.
    public var ownership: Ownership
    /// The mount point: an absolute path that `FileSystem.MountPoint` has checked.
    public var mountPoint: String
    /// The number of threads that serve the kernel's requests.
    public var threadCount: Int
    /// Mount options in the spelling of `mount -o`.
    public var options: [String] = []
    /// The visible recordings of every account.
    public var window = CatalogWindow()
    /// The settings for refreshing lists.
    public var sync = SyncSettings()
    /// The names of the links in views.
    public var linkNames = LinkNames.sid
    /// Whether to learn sizes in the background.
    public var isProbing = true
    /// Whether to hide unreadable recordings.
    public var isHidingUnreadable = false
    /// The subaccounts' own credentials, by SID; nil if no subaccounts are mounted.
    public var subaccountCredentials: [SID: any CredentialProvider]?
    /// The disk cache, nil for none: its folder, the greatest size of its contents, and the least free space that it
    /// leaves on its file system, in bytes.
    public var diskCache: (folder: String, limit: Int64, minimumFree: Int64)?

    /// Makes settings with the values that every mount needs.
    public init(
        version: String, account: SID, credentials: any CredentialProvider, endpoints: Endpoints,
        transfer: TransferClient.Configuration, keys: KeyRing, media: MediaLibrary.Configuration,
        ownership: Ownership, mountPoint: String, threadCount: Int
    ) {
        self.version = version
        self.account = account
        self.credentials = credentials
        self.endpoints = endpoints
        self.transfer = transfer
        self.keys = keys
        self.media = media
        self.ownership = ownership
        self.mountPoint = mountPoint
        self.threadCount = threadCount
    }
}
