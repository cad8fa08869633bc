import Envelope
import Logging
import Threading
import Transfer
import TwilioAPI

/// What the files of one library share.
final class MediaServices: Sendable {
    let client: TwilioClient
    let transfer: TransferClient
    let keys: KeyRing

    /// Threads for decryption, and for opening envelopes: none of it belongs on the transfer thread.
    let workers: WorkerPool
    let spoolFolder: String

    /// Bytes of ciphertext kept in memory, over all files.
    let memoryLimit: Int

    /// Files opened and not closed yet, each as often as it is open: they share the memory.
    let openFiles = Locked(0)
    let observer: any MediaObserver
    let logger: Logger

    /// Buffers for plaintext and, where ciphertext comes from a file, ciphertext.
    let scratch = ScratchBuffers()

    /// Public keys whose private key was missed, so that the log says it once and not for each file.
    private let missedKeys = Locked<Set<String>>([])

    init(
        client: TwilioClient, transfer: TransferClient, keys: KeyRing, workers: WorkerPool, spoolFolder: String,
        memoryLimit: Int, observer: any MediaObserver, logger: Logger
    ) {
        self.client = client
        self.transfer = transfer
        self.keys = keys
        self.workers = workers
        self.spoolFolder = spoolFolder
        self.memoryLimit = memoryLimit
        self.observer = observer
        self.logger = logger
    }

    /// Bytes of memory for the files that are open, and as many for those that aren't.
    var memoryHalf: Int { memoryLimit / 2 }

    /// Bytes of memory that one open file may keep: an equal share, but never less than a reader needs to get on.
    var memoryShare: Int {
        max(memoryHalf / max(1, openFiles.withLock { $0 }), Int(ReadAheadWindow.minimum) * 4)
    }

    /// Logs once for each public key that its private key isn't held.
    func reportMissingKey(_ publicKeySID: String?, _ error: EnvelopeError) {
        let isNews = missedKeys.withLock { $0.insert(publicKeySID ?? "").inserted }
        if isNews { logger.error("\(error.message)") }
    }
}

/// Buffers that are used again, so that a read allocates none.
final class ScratchBuffers: Sendable {
    private struct Buffer: @unchecked Sendable {
        // Safe although unchecked: it is in the list or with one user, never both.
        let memory: UnsafeMutableRawBufferPointer
    }

    /// Buffers kept; as many as there are threads that read at once, roughly.
    private static let limit = 8
    private let free = Locked<[Buffer]>([])

    deinit {
        for buffer in free.withLock({ $0 }) { buffer.memory.deallocate() }
    }

    /// Lends a buffer of at least `count` bytes, with unspecified contents.
    func withBuffer<Result, Failure: Error>(
        count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let buffer =
            free.withLock { free -> Buffer? in free.popLast() }
            .flatMap { buffer -> Buffer? in
                if buffer.memory.count >= count { return buffer }
                buffer.memory.deallocate()
                return nil
            } ?? Buffer(memory: .allocate(byteCount: max(count, Block.size), alignment: 64))
        defer {
            let isKept = free.withLock { free in
                guard free.count < Self.limit else { return false }
                free.append(buffer)
                return true
            }
            if !isKept { buffer.memory.deallocate() }
        }
        return try body(UnsafeMutableRawBufferPointer(rebasing: buffer.memory[..<count]))
    }
}
