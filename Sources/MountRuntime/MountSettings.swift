public import Catalog
public import Envelope
public import FileSystem
public import FileTree
public import Media
import Support
public import Sync
public import Transfer
public import TwilioAPI

/// The state of the process that holds a mount's private keys.
public enum KeyProcessState: String, Sendable, CaseIterable {
    /// The mount has no private keys.
    case none
    /// It answers, as far as is known.
    case running
    /// One has ended although it is needed: content keys that aren't known can't be unwrapped with its keys.
    case ended
}

/// The state of the processes that hold a mount's private keys.
public struct KeyProcessStatus: Hashable, Sendable {
    /// The state: the worst of all.
    public var state: KeyProcessState
    /// What can't be used any more, each with its file.
    public var lostKeys: [String]

    /// Makes a state.
    public init(state: KeyProcessState = .none, lostKeys: [String] = []) {
        self.state = state
        self.lostKeys = lostKeys
    }
}

/// The settings of a mount, checked by the caller.
public struct MountSettings: Sendable {
    /// The version of the program, for `.twiliofs/version` and the status.
    public var version: String
    /// The mounted account.
    public var account: SID
    /// Provides the credential of the mounted account.
    public var credentials: any CredentialProvider
    /// Provides the credential with which it is asked for video; nil if that is the same.
    public var videoCredentials: (any CredentialProvider)?
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
    /// The mount of twiliofs in whose place the new one is put, from the same check; nil for none.
    public var predecessor: Predecessor?
    /// The number of threads that serve the kernel's requests.
    public var threadCount: Int
    /// Mount options in the spelling of `mount -o`.
    public var options: [String] = []
    /// The visible recordings of every account.
    public var window = CatalogWindow()
    /// The settings of list synchronization.
    public var sync = SyncSettings()
    /// The names of the links in views.
    public var linkNames = LinkNames.sid
    /// Whether to learn sizes in the background.
    public var isProbing = true
    /// Whether to hide unreadable recordings.
    public var isHidingUnreadable = false
    /// The subaccounts' own credentials, by SID; nil if no subaccounts are mounted.
    public var subaccountCredentials: [SID: any CredentialProvider]?
    /// The access to media outside of Twilio; nil for none.
    public var externalMedia: ExternalMedia?
    /// The state of the process that holds the private keys, for the status.
    public var keyProcess: @Sendable () -> KeyProcessStatus = { KeyProcessStatus() }
    /// The disk cache; nil for none.
    ///
    /// `limit` is the most bytes in the cache, `minimumFree` the least bytes of free space on the folder's file system.
    public var diskCache: (folder: String, limit: Int64, minimumFree: Int64)?

    /// Unmounts when the mount ends.
    public var unmounter: FileSystemSession.Unmounter = { (mount) throws(FileSystemError) in
        try Unmounting.unmount(mount)
    }
    /// Mounts with the rights that this needs.
    public var withMountRights: @Sendable (_ mount: () throws -> FileSystemSession) throws -> FileSystemSession = {
        try $0()
    }

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
