import Logging
import Media

/// The defaults of `twiliofs mount` that are values: the options and their help have them from here.
enum MountDefaults {
    private static let media = MediaLibrary.Configuration(spoolFolder: "", threadCount: 1)

    /// The limit of the disk cache.
    static let cacheSize = ByteSize(bytes: 10 << 30)

    /// The free space that the disk cache leaves on its file system.
    static let cacheMinFree = ByteSize(bytes: 1 << 30)

    /// The memory for media.
    static let memory = ByteSize(bytes: Int64(media.memory))

    /// The release of bytes that have a tag.
    static let integrity = IntegrityMode.automatic

    /// The size up to which `auto` is strict.
    static let strictLimit = ByteSize(bytes: media.strictLimit)

    /// The interval of requests for new recordings.
    static let refresh = RefreshInterval(seconds: 60)

    /// The permission bits that are removed.
    static let mask: UInt32 = 0o077

    /// The lowest level that is logged.
    static let logLevel = Logger.Level.info
}
