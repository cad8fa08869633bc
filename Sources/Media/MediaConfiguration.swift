/// Settings of a ``MediaLibrary``.
public struct MediaConfiguration: Sendable {
    /// Folder for temporary files of ciphertext.
    public var spoolFolder: String

    /// Total memory for media, in bytes; at least ``leastMemory(threadCount:)``.
    public var memory: Int = 256 << 20

    /// When bytes of files with a tag are released.
    public var integrityMode = IntegrityMode.automatic

    /// The largest ciphertext, in bytes, for which ``IntegrityMode/automatic`` is strict.
    public var strictLimit: Int64 = 16 << 20

    /// Files kept without a reader: their content keys, and their blocks until the memory is needed elsewhere.
    var idleFileLimit = 256

    /// The wait before content that was declared bad is fetched again; each further declaration doubles it, up to
    /// ``Retrial/longestWait``.
    var retrialWait = Duration.seconds(10)

    /// Threads that decrypt, besides the threads that ask for reads.
    public var threadCount: Int

    /// The least memory, in bytes, with which a library of so many threads works.
    public static func leastMemory(threadCount: Int) -> Int {
        threadCount * 2 * ScratchBuffers.size + MemoryPool.leastSlotCount * PooledMemory.stride
    }

    /// Makes settings with a temporary folder and a number of threads.
    public init(spoolFolder: String, threadCount: Int) {
        self.spoolFolder = spoolFolder
        self.threadCount = threadCount
    }
}
