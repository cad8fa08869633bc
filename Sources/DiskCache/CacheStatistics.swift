public import Foundation

/// The size and usefulness of a cache.
public struct CacheStatistics: Hashable, Sendable {
    /// The number of blocks.
    public internal(set) var blocks = 0

    /// The bytes of all files, headers included, complete or being written.
    public internal(set) var bytes: Int64 = 0

    /// The limit in bytes; nil when no process has set it yet.
    public internal(set) var limit: Int64?

    /// The number of contents with blocks.
    public internal(set) var contents = 0

    /// The last use of the least recently used block; nil when there is none.
    public internal(set) var oldestUse: Date?

    /// Reads answered from the cache since the start.
    public internal(set) var hits = 0

    /// Reads not answered from the cache since the start.
    public internal(set) var misses = 0

    /// Blocks found damaged since the start; each counts as a miss too.
    public internal(set) var damaged = 0

    /// The reason for storing nothing at present; nil when storing works.
    public internal(set) var pause: String?
}
