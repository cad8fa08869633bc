import Support

/// Settings of a ``MediaLibrary``.
public struct MediaConfiguration: Sendable {
    /// The folder for temporary files of ciphertext.
    public var spoolFolder: String

    /// The total memory for media in bytes, at least ``leastMemory(threadCount:)``.
    public var memory: Int = 256 << 20

    /// When to release bytes of files with a tag.
    public var integrityMode = IntegrityMode.automatic

    /// The largest ciphertext, in bytes, for which ``IntegrityMode/automatic`` is strict.
    public var strictLimit: Int64 = 16 << 20

    /// The most files kept without readers, each with its content key and, while memory allows, its blocks.
    var idleFileLimit = 256

    /// The wait before condemned content is fetched again; doubles each time, up to ``Retrial/longestWait``.
    var retrialWait = Duration.seconds(10)

    /// Decryption threads, besides the threads that call ``MediaReader/read(at:count:receiver:)``.
    public var threadCount: Int

    /// The least memory, in bytes, for a number of threads.
    public static func leastMemory(threadCount: Int) -> Int {
        threadCount * 2 * ScratchBuffers.size + MemoryPool.leastSlotCount * PooledMemory.stride
    }

    /// Whether a thread gives up accesses of the disk cache that take too long.
    var watchesDisk = true

    /// The clock.
    var now: @Sendable () -> ContinuousClock.Instant = { .now }

    /// Starts threads with a name.
    var startWorkers: @Sendable (_ name: String, _ count: Int) throws -> WorkerPool = { name, count in
        try WorkerPool(name: name, threadCount: count)
    }

    /// Makes settings with defaults for all but the folder and the number of threads.
    public init(spoolFolder: String, threadCount: Int) {
        self.spoolFolder = spoolFolder
        self.threadCount = threadCount
    }
}
