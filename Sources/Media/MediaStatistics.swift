import Synchronization

/// The gauges of a ``MediaLibrary``.
public struct MediaStatistics: Sendable {
    /// Files that are open, each as often as it is.
    public internal(set) var openFiles = 0

    /// Reads in progress.
    public internal(set) var waitingReads = 0

    /// Descriptions in progress.
    public internal(set) var runningDescriptions = 0

    /// Bytes of memory for media that have ciphertext in them.
    public internal(set) var memoryUsed = 0

    /// Bytes of memory granted for media, plaintext buffers included.
    public internal(set) var memoryGranted = 0
}

extension MediaLibrary {
    /// The library's gauges.
    public typealias Statistics = MediaStatistics

    /// A snapshot of the library's gauges.
    ///
    /// Takes some locks; may be called at any time.
    public var statistics: Statistics {
        MediaStatistics(
            openFiles: services.openFiles.load(ordering: .relaxed) + services.deferredFiles.load(ordering: .relaxed),
            waitingReads: services.metrics.waitingReads, runningDescriptions: services.metrics.runningDescriptions,
            memoryUsed: (services.memory.slotCount - services.memory.freeCount) * PooledMemory.stride,
            memoryGranted: services.configuration.memory)
    }
}
