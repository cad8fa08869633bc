public import Logging
public import Support

/// A cache on disk of blocks of ciphertext, shared by all processes that use its folder.
///
/// - **Nothing that it has to do fails.** A block that isn't there, isn't whole, or can't be read is a miss. What can't
///   be stored isn't. The log says once why, and once when it works again.
/// - **The limit holds at any moment**, also with several processes: a file's bytes are counted before it is made, and
///   what was used least recently is removed before that (`BlockIndex`).
/// - **Nothing has to be repaired before it answers**, whoever was killed or lost power before: what the index doesn't
///   know counts as missing, every block is verified when it is read, and files that are nobody's are found in the
///   background (`Sweep`).
///
/// Nothing is flushed to the disk: losing a block costs fetching it again, a block that was lost in part is found by
/// its checksum, and after a restart of the machine the index is checked before anything is stored.
///
/// Safe to use from any thread. All functions block, some milliseconds at the most as long as the disk does its work.
public final class DiskCache: Sendable {
    /// How many bytes of a content a block has, but for the last one's; what is stored with them comes on top.
    public static let blockSize = 1 << 20

    private let core: CacheCore
    private let thread: NamedThread

    /// Opens the cache of a folder, or makes an empty one, without looking at what is in it.
    ///
    /// - Parameters:
    ///   - folder: where everything is kept; made if it is missing. Nothing else may be in it.
    ///   - limit: how many bytes all blocks' files may have together. When several processes have different ones, what
    ///     is stored last decides.
    ///   - minimumFree: how many bytes are left to others on the file system: with fewer, nothing is stored, and blocks
    ///     are removed.
    /// - Throws: ``DiskCacheError`` when the folder can't be used.
    public convenience init(
        folder: String, limit: Int64, minimumFree: Int64, logger: Logger
    ) throws(DiskCacheError) {
        try self.init(
            folder: folder, limit: limit, minimumFree: minimumFree, timing: CacheCore.Timing(), logger: logger)
    }

    init(
        folder: String, limit: Int64, minimumFree: Int64, timing: CacheCore.Timing, logger: Logger
    ) throws(DiskCacheError) {
        let core = try CacheCore(
            folder: folder, limit: limit, minimumFree: minimumFree, timing: timing, logger: logger)
        do throws(SystemError) {
            thread = try NamedThread(name: "disk-cache") { core.runUpkeep() }
        } catch {
            throw DiskCacheError(.folder, "the cache can't be opened: \(error.message)", cause: error)
        }
        self.core = core
    }

    deinit {
        shutDown()
    }

    /// The blocks of a content that are probably held; no file is looked at.
    public func blocks(of content: Content) -> Set<Int> {
        core.blocks(of: content)
    }

    /// Reads a block, and verifies it.
    ///
    /// - Parameters:
    ///   - index: which block of the content.
    ///   - buffers: where it goes, one after the other; together as long as what was stored.
    /// - Returns: whether they have it. If not, for whatever reason, they have anything.
    public func read(_ index: Int, of content: Content, into buffers: [UnsafeMutableRawBufferPointer]) -> Bool {
        core.read(BlockPlace(content: content, number: index), into: buffers)
    }

    /// Stores a block, if there is nothing against it.
    ///
    /// A block that is held already stays as it is. Blocks of other contents of the recording go.
    ///
    /// - Parameters:
    ///   - index: which block of the content.
    ///   - buffers: its bytes, one after the other.
    public func store(_ index: Int, of content: Content, from buffers: [UnsafeRawBufferPointer]) {
        core.store(BlockPlace(content: content, number: index), from: buffers)
    }

    /// Removes everything of a recording.
    public func remove(sid: String) {
        core.remove { _ in .recording(sid: sid) }
    }

    /// Removes everything that is held now.
    public func removeAll() {
        core.remove { store throws(IndexFailure) in .all(upTo: try store.index.lastID()) }
    }

    /// What is held, and how much it was of use.
    public var statistics: Statistics {
        core.statistics
    }

    /// Ends the cache's thread, and tells the index what it hasn't been told yet.
    ///
    /// Reads are misses from then on, and nothing is stored. A second call does nothing.
    public func shutDown() {
        core.upkeep.change { $0.isShutDown = true }
        thread.join()
        core.shutDown()
    }
}

extension DiskCache {
    /// Blocks until the upkeep has had two turns from now on, the second of which began after this was called; for
    /// tests.
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
    /// What is held, and how much it was of use.
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
            statistics.pause = state.opening.reason ?? state.pauses[.storing].reason
        }
        return statistics
    }

    /// Closes the store.
    func shutDown() {
        let store = state.withLock { state in
            state.isShutDown = true
            return state.store.take()
        }
        try? store?.settle()
    }
}
