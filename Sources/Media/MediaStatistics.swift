public import Support
import Synchronization

/// Counts and gauges of a ``MediaLibrary`` since it was made.
public struct MediaStatistics: Sendable {
    /// Bytes of ciphertext that came from the network, for readers, read-ahead and descriptions.
    public internal(set) var fetchedBytes: Int64 = 0

    /// Bytes of ciphertext that came from the disk cache.
    public internal(set) var diskCacheBytes: Int64 = 0

    /// Bytes of plaintext that readers were given.
    public internal(set) var servedBytes: Int64 = 0

    /// Files that are open, each as often as it is.
    public internal(set) var openFiles = 0

    /// Reads that have begun and not ended.
    public internal(set) var waitingReads = 0

    /// Descriptions that are under way: sizes that are being learnt.
    public internal(set) var runningDescriptions = 0

    /// Descriptions that have succeeded.
    public internal(set) var descriptions: Int64 = 0

    /// Descriptions that have failed.
    public internal(set) var failedDescriptions: Int64 = 0

    /// How often all of a file's bytes had come and its tag agreed.
    public internal(set) var verified: Int64 = 0

    /// How often the tag disagreed at first, so that the file was fetched once more.
    public internal(set) var doubted: Int64 = 0

    /// How often the tag disagreed again, so that the file counts as bad.
    public internal(set) var failed: Int64 = 0

    /// What descriptions, openings and reads that somebody waited for ended with.
    public internal(set) var errors: [MediaError.Code: Int64] = [:]

    /// Bytes of memory for media that have ciphertext in them.
    public internal(set) var memoryUsed = 0

    /// Bytes of memory for media that were granted, plaintext on its way to readers included.
    public internal(set) var memoryGranted = 0
}

extension MediaLibrary {
    /// The library's counts and gauges.
    public typealias Statistics = MediaStatistics

    /// A snapshot of the library's counts and gauges.
    ///
    /// Takes some locks; may be called at any time.
    public var statistics: Statistics {
        var statistics = services.counts.withLock { $0 }
        statistics.openFiles =
            services.openFiles.load(ordering: .relaxed) + services.deferredFiles.load(ordering: .relaxed)
        statistics.waitingReads = services.waitingReads.load(ordering: .relaxed)
        statistics.servedBytes = services.servedBytes.load(ordering: .relaxed)
        let slots = services.memory.slotCount - services.memory.freeCount
        statistics.memoryUsed = slots * PooledMemory.stride
        statistics.memoryGranted = services.configuration.memory
        return statistics
    }
}

extension Locked where State == MediaStatistics {
    /// Counts an error that somebody gets who asked for something.
    func countError(_ error: MediaError) {
        withLock { $0.errors[error.code, default: 0] += 1 }
    }
}

/// Counts a read and how it ends, and hands that on.
struct CountingReceiver: ReadReceiver {
    private let receiver: any ReadReceiver
    private let services: MediaServices

    /// A read has begun, whose end this is to be told.
    init(_ receiver: any ReadReceiver, _ services: MediaServices) {
        self.receiver = receiver
        self.services = services
        services.waitingReads.wrappingAdd(1, ordering: .relaxed)
    }

    func readDidFinish(_ plaintext: RawSpan) {
        services.waitingReads.wrappingSubtract(1, ordering: .relaxed)
        services.servedBytes.wrappingAdd(Int64(plaintext.byteCount), ordering: .relaxed)
        receiver.readDidFinish(plaintext)
    }

    func readDidFail(_ error: MediaError) {
        services.waitingReads.wrappingSubtract(1, ordering: .relaxed)
        services.counts.countError(error)
        receiver.readDidFail(error)
    }
}
