import Envelope
import Logging
import Support
import Synchronization
import Transfer
import TwilioAPI

/// The services shared by the files of a library.
final class MediaServices: Sendable {
    /// Evicts blocks of files until a pool has a number of free slots.
    typealias Reclaim = @Sendable (_ slotCount: Int, _ isUrgent: Bool, _ memory: MemoryPool) -> Void

    let clients: TwilioClients
    let transfer: any Downloader
    let keys: HeldKeys
    let configuration: MediaConfiguration
    let observer: any MediaObserver
    let logger: Logger

    /// Threads for decryption and for opening envelopes, which must not block the transfer thread.
    let workers: WorkerPool

    /// The threads that read from the disk cache.
    let disk: DiskAccess

    /// The thread that writes to the disk cache.
    let storeWorker: WorkerPool

    /// The cache of ciphertext across restarts; nil if disabled.
    let diskCache: (any BlockCache)?

    /// The memory for all ciphertext.
    let memory: MemoryPool

    /// Buffers for plaintext on its way to readers.
    let scratch: ScratchBuffers

    /// Open files, counted once per opening; they share the memory.
    let openFiles = Atomic(0)

    /// Deferred readers that haven't opened their media.
    let deferredFiles = Atomic(0)

    let metrics: MediaMetrics

    /// The cheapest request for a size, by host.
    let probes = Locked(ProbeFindings())

    /// The kernel's pages that no open content accounts for; its lock comes after those of library and files.
    let pages = Locked(KernelPages())

    /// Sizes valid in this process only.
    let provisionalSizes = Locked(ProvisionalSizes())

    /// The recent throughput of connections.
    let link = Locked(LinkEstimate())

    private let reclaim: Reclaim

    /// Bytes queued for the disk cache.
    private let storing = Locked(0)

    private let hasToldOfOverflow = Atomic(false)

    /// When the reasons for which a bucket may not be read were logged.
    private let denials = Locked<[String: ContinuousClock.Instant]>([:])

    /// The most reasons that are remembered: they hold names of a server's.
    private static let denialLimit = 100
    /// The time after which the same reason is logged again: sessions of credentials end every few hours.
    private static let denialInterval = Duration.seconds(3600)

    init(
        clients: TwilioClients, transfer: any Downloader, keys: KeyRing, diskCache: (any BlockCache)?,
        configuration: MediaConfiguration, observer: any MediaObserver, metrics: MediaMetrics, logger: Logger,
        reclaim: @escaping Reclaim
    ) throws {
        self.clients = clients
        self.transfer = transfer
        self.keys = HeldKeys(keys)
        self.diskCache = diskCache
        self.configuration = configuration
        self.observer = observer
        self.metrics = metrics
        self.logger = logger
        self.reclaim = reclaim
        let workers = try configuration.startWorkers("media", configuration.threadCount)
        self.workers = workers
        disk = DiskAccess(
            workers: try configuration.startWorkers("disk", 2), now: configuration.now, logger: logger)
        if diskCache != nil, configuration.watchesDisk { try disk.startWatch() }
        storeWorker = try configuration.startWorkers("store", 1)
        // Reads are served by the workers and by as many callers' threads.
        let scratchCount = configuration.threadCount * 2
        scratch = ScratchBuffers(count: scratchCount)
        guard
            let memory = MemoryPool(
                byteCount: configuration.memory - scratchCount * ScratchBuffers.size, schedule: { workers.run($0) }),
            memory.slotCount >= MemoryPool.leastSlotCount
        else {
            throw MemoryError(byteCount: configuration.memory)
        }
        self.memory = memory
    }

    /// Ends the threads.
    func shutDown() {
        memory.abandonWaiters()
        workers.shutDown()
        disk.shutDown()
        // Its thread hangs as well if the disk does.
        if !disk.isHung { storeWorker.shutDown() }
    }

    /// The time, by the library's clock.
    var now: ContinuousClock.Instant { configuration.now() }

    /// The memory of one open file in bytes: an equal share, but enough for a reader to proceed.
    var memoryShare: Int64 {
        let share = memory.slotCount / max(1, openFiles.load(ordering: .relaxed)) * Block.size
        return max(Int64(share), ReadAheadWindow.minimum * 4)
    }

    /// Evicts blocks of files, `isUrgent` if a reader waits; must be called without locks held.
    func reclaimMemory(_ slotCount: Int, isUrgent: Bool) {
        reclaim(slotCount, isUrgent, memory)
    }

    /// Evicts blocks that have become evictable, if a reader waits for memory.
    func memoryMayBeFree() {
        guard memory.hasWaiters else { return }
        reclaimMemory(MemoryPool.leastSlotCount, isUrgent: true)
    }

    /// Queues a write to the disk cache, unless the queue holds too much memory.
    func store(byteCount: Int, _ work: @escaping @Sendable (any BlockCache) -> Void) {
        guard let diskCache else { return }
        let limit = memory.slotCount * Block.size / 2
        let isTaken = storing.withLock { storing in
            guard storing + byteCount <= limit else { return false }
            storing += byteCount
            return true
        }
        guard isTaken else { return }
        storeWorker.run { [self] in
            work(diskCache)
            storing.withLock { $0 -= byteCount }
        }
    }

    /// Logs that a bucket may not be read: once an hour per reason as a warning, else for debugging.
    func reportDenial(_ error: MediaError, reason: String) {
        let now = now
        let isNews = denials.withLock { denials in
            if let last = denials[reason], last.duration(to: now) < Self.denialInterval { return false }
            if denials.count >= Self.denialLimit { denials.removeAll() }
            denials[reason] = now
            return true
        }
        logger.log(level: isNews ? .warning : .debug, "\(error.message)", metadata: ["recording": "\(error.sid)"])
    }

    /// Logs once that secrets are in ordinary memory.
    func reportOverflow() {
        guard SecureHeap.hasOverflown, hasToldOfOverflow.exchange(true, ordering: .relaxed) == false else { return }
        logger.warning(
            "more content keys are in use than fit into locked memory: further ones may be swapped out until files are closed"
        )
    }

    /// Logs a missing private key: the first time per public key as a warning, later for debugging.
    func reportMissingKey(_ resource: MediaResource, _ message: String) {
        let key = resource.publicKeySID ?? "not named"
        let isNews = keys.noteMissing(key)
        logger.log(
            level: isNews ? .warning : .debug, "\(resource.sid): can't be opened: \(message)",
            metadata: ["recording": "\(resource.sid)", "public_key": "\(key)"])
    }
}
