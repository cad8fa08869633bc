public import Foundation

extension DiskCache {
    /// What the cache holds, and how much it was of use.
    public typealias Statistics = CacheStatistics
}

/// What the cache holds and how much it was of use.
public struct CacheStatistics: Hashable, Sendable {
    /// The blocks that are held.
    public internal(set) var blocks = 0

    /// The bytes of their files, headers included, and of those that are being written.
    public internal(set) var bytes: Int64 = 0

    /// How many bytes it may hold; nil when nobody has said it yet.
    public internal(set) var limit: Int64?

    /// The contents that blocks are held of.
    public internal(set) var contents = 0

    /// When the block was used that goes first; nil when there is none.
    public internal(set) var oldestUse: Date?

    /// Reads that were answered, since the start.
    public internal(set) var hits = 0

    /// Reads that were not, since the start.
    public internal(set) var misses = 0

    /// Blocks that were not what they should be, since the start; each is a miss too.
    public internal(set) var damaged = 0

    /// Why nothing is stored at present; nil when storing goes on.
    public internal(set) var pause: String?
}
