import Support

extension MediaLibrary {
    /// What a library is doing.
    public struct Statistics: Sendable {
        /// Files that are open, each as often as it is.
        public internal(set) var openFiles = 0

        /// Reads that have begun and not ended.
        public internal(set) var waitingReads = 0

        /// Descriptions that are under way: sizes that are being learnt.
        public internal(set) var runningDescriptions = 0

        /// Bytes of memory for media that have ciphertext in them.
        public internal(set) var memoryUsed = 0

        /// Bytes of memory for media that were granted, plaintext on its way to readers included.
        public internal(set) var memoryGranted = 0
    }

    /// What the library is doing.
    ///
    /// Costs some locks, and can be asked for at any time.
    public var statistics: Statistics {
        var statistics = Statistics()
        statistics.openFiles = services.openFiles.withLock { $0 } + services.deferredFiles.withLock { $0 }
        statistics.waitingReads = services.metrics.waitingReads
        statistics.runningDescriptions = services.metrics.runningDescriptions
        let slots = services.memory.slotCount - services.memory.freeCount
        statistics.memoryUsed = slots * PooledMemory.stride
        statistics.memoryGranted = services.configuration.memory
        return statistics
    }
}
