import Synchronization

extension MediaLibrary {
    /// The library's gauges.
    public struct Statistics: Sendable {
        /// Open files, counted once per opening.
        public internal(set) var openFiles = 0

        /// Reads in progress.
        public internal(set) var waitingReads = 0

        /// Descriptions in progress.
        public internal(set) var runningDescriptions = 0

        /// Bytes of memory in use for ciphertext.
        public internal(set) var memoryUsed = 0

        /// Bytes of memory granted for media, plaintext buffers included.
        public internal(set) var memoryGranted = 0
    }

    /// A snapshot of the library's gauges; reading it takes some locks, and is allowed at any time.
    public var statistics: Statistics {
        Statistics(
            openFiles: services.openFiles.load(ordering: .relaxed) + services.deferredFiles.load(ordering: .relaxed),
            waitingReads: services.metrics.waitingReads, runningDescriptions: services.metrics.runningDescriptions,
            memoryUsed: (services.memory.slotCount - services.memory.freeCount) * PooledMemory.stride,
            memoryGranted: services.configuration.memory)
    }
}
