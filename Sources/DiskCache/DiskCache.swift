public import Logging
public import Support

/// A disk cache of ciphertext blocks, shared by all processes that use its folder.
///
/// - **It never fails its caller.** A missing, damaged or unreadable block is a miss; a block that can't be stored is
///   dropped. The log has one line when reading or storing is suspended, and one when it resumes.
/// - **The limit holds at any moment**, also with several processes: first the least recently used blocks are
///   removed, then the bytes of the new file are counted, then the file is created (`BlockIndex`).
/// - **It needs no repair on start**, after a kill or a power failure: blocks without a row are misses, every block is
///   verified when it is read, and the upkeep removes orphaned files (`Sweep`).
///
/// Nothing is flushed to the disk. A lost block is fetched again, a partly written one fails its checksum, and after a
/// reboot the index is checked before anything is stored.
///
/// Thread-safe. All functions block, for a few milliseconds on a healthy disk.
public final class DiskCache: Sendable {
    /// The bytes of a content in one block; the last block of a content may be shorter.
    ///
    /// The cache accepts blocks of other lengths: `Media` adds the 16 bytes of ciphertext before a block.
    public static let blockSize = 1 << 20

    private let core: CacheCore
    private let thread: NamedThread

    /// Opens the cache in a folder, or makes an empty one; reads no blocks.
    ///
    /// - Parameters:
    ///   - folder: the cache's folder, for the cache alone; created if it is missing.
    ///   - limit: the most bytes of all blocks' files; if processes have different limits, each stores and evicts
    ///     according to its own.
    ///   - minimumFree: the bytes to leave free on the file system; below that, nothing is stored and blocks are
    ///     removed.
    /// - Throws: ``DiskCacheError`` when the folder can't be used.
    public convenience init(folder: String, limit: Int64, minimumFree: Int64, logger: Logger) throws(DiskCacheError) {
        try self.init(CacheCore(folder: folder, limit: limit, minimumFree: minimumFree, logger: logger))
    }

    init(_ core: CacheCore) throws(DiskCacheError) {
        do throws(SystemError) {
            thread = try NamedThread(name: "disk-cache") { core.runUpkeep() }
        } catch {
            throw DiskCacheError(.folder, "the cache can't be opened: \(error.message)", cause: error)
        }
        self.core = core
    }

    deinit { shutDown() }

    /// The numbers of a content's blocks in the index; the files are not checked.
    public func blocks(of content: CacheContent) -> Set<Int> { core.blocks(of: content) }

    /// Reads and verifies a block.
    ///
    /// - Parameters:
    ///   - index: the index of the block in the content.
    ///   - buffers: the destination; together as long as the stored block.
    /// - Returns: whether the buffers were filled; if not, their contents are undefined.
    public func read(_ index: Int, of content: CacheContent, into buffers: [UnsafeMutableRawBufferPointer]) -> Bool {
        core.read(BlockPlace(content: content, number: index), into: buffers)
    }

    /// Stores a block, if possible.
    ///
    /// A block that is already stored stays as it is. Blocks of the recording's other contents are removed.
    ///
    /// - Parameters:
    ///   - index: the index of the block in the content.
    ///   - buffers: the data, in order.
    public func store(_ index: Int, of content: CacheContent, from buffers: [UnsafeRawBufferPointer]) {
        core.store(BlockPlace(content: content, number: index), from: buffers)
    }

    /// Removes all blocks of a recording.
    public func remove(sid: String) { core.remove(sid: sid) }

    /// The size of the cache, and the hits and misses of its reads.
    public var statistics: CacheStatistics { core.statistics }

    /// Stops the cache's thread, and writes the latest uses of blocks to the index.
    ///
    /// From then on reads are misses, and nothing is stored. A second call does nothing.
    public func shutDown() {
        core.upkeep.change { $0.isShutDown = true }
        thread.join()
        core.shutDown()
    }
}

extension DiskCache {
    /// Waits until the upkeep has completed a turn that began after the call; for tests.
    func waitForUpkeep() {
        for _ in 0..<2 {
            let turns = core.upkeep.change { state in
                state.isWanted = true
                return state.turns
            }
            core.upkeep.waitUntil(timeout: .seconds(20)) { $0.turns > turns }
        }
    }
}

extension CacheCore {
    var statistics: CacheStatistics {
        let store = state.withLock { $0.store }
        var statistics = CacheStatistics()
        if let store {
            do throws(IndexFailure) {
                statistics = try store.index.statistics()
            } catch {
                note(error, store, during: .reading)
            }
        }
        statistics.limit = limit
        state.withLock { state in
            statistics.hits = state.hits
            statistics.misses = state.misses
            statistics.damaged = state.damaged
            statistics.pause = state.opening.reason ?? state.pauses[.storing]?.reason
        }
        return statistics
    }

    func shutDown() {
        let store = state.withLock { $0.store.take() }
        try? store?.settle()
    }
}
