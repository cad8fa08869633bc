import Envelope

/// The origin of reads' ciphertext: a state machine of blocks, or of one stream of everything, under the file's lock.
protocol CiphertextSource {
    /// Takes a read: answers it from memory, or keeps it until its ciphertext has arrived.
    mutating func take(_ read: PendingRead, _ demand: ReadDemand) -> SourceAnswer

    /// Drops all ciphertext; returns the waiting reads and the transfers to cancel.
    mutating func detach() -> (reads: [PendingRead], transfers: [TransferSlot])
}

/// Ciphertext in memory or in a file, ready to be decrypted.
protocol Ciphertext: Sendable {
    /// Whether all of it has passed the content's authentication.
    var isAuthenticated: Bool { get }

    /// Authenticates the ciphertext.
    ///
    /// - Parameters:
    ///   - attempt: the attempt for which it was fetched.
    ///   - verified: called if this completes and verifies the content.
    /// - Returns: whether it may be released; false after the beginning of another attempt.
    /// - Throws: if the content isn't authentic.
    func authenticate(
        for content: MediaContent, attempt: ContentAuthentication.Attempt, verified: () -> Void
    ) throws(EnvelopeError) -> Bool

    /// Decrypts a plaintext range, with a buffer for ciphertext.
    ///
    /// - Throws: ``EnvelopeError``, or ``SystemError`` if the ciphertext can't be read.
    func decrypt(
        _ range: Range<Int64>, of content: MediaContent, into plaintext: UnsafeMutableRawBufferPointer,
        using space: UnsafeMutableRawBufferPointer
    ) throws
}

/// A read's demand on a source.
struct ReadDemand {
    /// The ciphertext range of the read.
    let needed: Range<Int64>

    /// The bytes that should be in memory or on their way.
    let wish: ReadAheadWindow.Wish

    /// The file's share of memory in bytes.
    let share: Int64
    let memory: MemoryPool

    /// Memory that the read has waited for.
    let granted: [PooledMemory]
}

/// A source's answer to a read, and the work for after unlocking.
struct SourceAnswer {
    enum Outcome {
        case ready(any Ciphertext)

        /// The read was kept.
        case waits

        /// There is no memory for this many blocks; the read wasn't kept.
        case short(Int)

        /// The read was kept by a stream, which may have its bytes.
        case streamed

        /// There is no stream; the read wasn't kept.
        case noStream
    }

    let outcome: Outcome
    var orders: [BlockMap<PendingRead>.FetchOrder] = []

    /// Transfers of read-ahead that a reader has caught up with: their priority is raised.
    var overtaken: [TransferSlot] = []

    /// Whether this was the reader's first read.
    var isFirst = false

    /// Whether memory was short.
    var isShort = false
}
