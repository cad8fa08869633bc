import Logging
import Media
import Support
import Transfer

/// The default values of `twiliofs mount`, for the options and their help.
enum MountDefaults {
    private static let media = MediaLibrary.Configuration(spoolFolder: "", threadCount: 1)

    static let cacheSize = ByteSize(bytes: 10 << 30)
    /// The free space that the disk cache leaves on its file system.
    static let cacheMinFree = ByteSize(bytes: 1 << 30)
    static let memory = ByteSize(bytes: Int64(media.memory))
    /// The release of authenticated bytes.
    static let integrity = IntegrityMode.automatic
    /// The size up to which `auto` is strict.
    static let strictLimit = ByteSize(bytes: media.strictLimit)
    /// The time without progress after which a request to a server fails, in seconds.
    static let timeout = Int(Patience.media.giveUp / .seconds(1))
    /// The interval of requests for new recordings, in seconds.
    static let refresh = 60
    /// The permission bits to remove.
    static let mask: UInt32 = 0o077
    static let logLevel = Logger.Level.info
}
