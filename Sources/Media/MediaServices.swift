import Envelope
import Logging
import Support
import Synchronization
import Transfer
import TwilioAPI

/// What the files of one library share.
final class MediaServices: Sendable {
    /// Has files let go of blocks until a pool has so many free slots.
    typealias Reclaim = @Sendable (_ slotCount: Int, _ isUrgent: Bool, _ memory: MemoryPool) -> Void

    let clients: TwilioClients
    let transfer: TransferClient
    let keys: KeyRing

    /// Threads for decryption, and for opening envelopes: none of it belongs on the transfer thread.
    let workers: WorkerPool

    /// Threads that read from the disk.
    let diskWorkers: WorkerPool

    /// The thread that writes to the disk cache: nobody waits for it.
    let storeWorker: WorkerPool
    let configuration: MediaConfiguration

    /// Ciphertext that survives a restart; nil when it is switched off.
    let diskCache: (any BlockCache)?

    /// All memory for ciphertext.
    let memory: MemoryPool

    /// Buffers for plaintext on its way to readers.
    let scratch: ScratchBuffers

    /// Files opened and not closed yet, each as often as it is open: they share the memory.
    let openFiles = Atomic(0)

    /// Files opened whose media isn't opened, since nothing was read of them.
    let deferredFiles = Atomic(0)

    /// What has happened so far.
    let metrics: MediaMetrics

    /// By which request the hosts of media tell sizes.
    let probes = Locked(ProbeFindings())

    /// Sizes that count in this process only.
    let provisionalSizes = Locked(ProvisionalSizes())

    /// What connections have brought lately.
    let link = Locked(LinkEstimate())

    /// Has files let go of memory; see ``reclaimMemory(_:isUrgent:)``.
    private let reclaim: Reclaim

    /// Bytes that wait to be written to the disk cache.
    private let storing = Locked(0)
    let observer: any MediaObserver
    let logger: Logger

    /// What was found out of the private keys.
    let keyStandings = Locked(KeyStandings())

    /// Content keys that were unwrapped lately.
    let contentKeys = Locked(ContentKeyCache())

    /// Public keys whose private key was missed, so that the log says it once and not for each file.
    private let missedKeys = Locked<Set<String>>([])

    init(
        clients: TwilioClients, transfer: TransferClient, keys: KeyRing, diskCache: (any BlockCache)?,
        configuration: MediaConfiguration, observer: any MediaObserver, metrics: MediaMetrics, logger: Logger,
        reclaim: @escaping Reclaim
    ) throws {
        self.clients = clients
        self.transfer = transfer
        self.keys = keys
        self.diskCache = diskCache
        self.configuration = configuration
        self.observer = observer
        self.metrics = metrics
        self.logger = logger
        self.reclaim = reclaim
        let workers = try WorkerPool(name: "media", threadCount: configuration.threadCount)
        self.workers = workers
        diskWorkers = try WorkerPool(name: "disk", threadCount: 2)
        storeWorker = try WorkerPool(name: "store", threadCount: 1)
        // Reads are served by the workers, and by as many threads of whoever asks.
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

    /// Bytes of memory that one open file may keep: an equal share, but never less than a reader needs to get on.
    var memoryShare: Int64 {
        let share = memory.slotCount / max(1, openFiles.load(ordering: .relaxed)) * Block.size
        return max(Int64(share), ReadAheadWindow.minimum * 4)
    }

    /// Has other files let go of memory.
    ///
    /// Called without locks held.
    ///
    /// - Parameter isUrgent: whether a reader waits for it.
    func reclaimMemory(_ slotCount: Int, isUrgent: Bool) {
        reclaim(slotCount, isUrgent, memory)
    }

    /// Blocks have become such that they can be let go: of use when somebody waits for memory.
    func memoryMayBeFree() {
        guard memory.hasWaiters else { return }
        reclaimMemory(MemoryPool.leastSlotCount, isUrgent: true)
    }

    /// Writes to the disk cache soon, unless so much waits already that memory would be short.
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

    /// Logs that a recording's private key isn't held: once for each public key as a warning, else for debugging.
    func reportMissingKey(_ resource: MediaResource, _ message: String) {
        let isNews = missedKeys.withLock { $0.insert(resource.publicKeySID ?? "").inserted }
        let key = resource.publicKeySID ?? "not named"
        logger.log(
            level: isNews ? .warning : .debug, "\(resource.sid): can't be opened: \(message)",
            metadata: ["recording": "\(resource.sid)", "public_key": "\(key)"])
    }
}
