import Envelope

/// Where a read's ciphertext comes from: blocks, each fetched when it is needed, or one stream of everything.
///
/// A source is a state machine without I/O, under the file's lock.
protocol CiphertextSource {
    /// Takes a read: answers it from what is at hand, or keeps it until its ciphertext has come.
    mutating func take(_ read: PendingRead, _ demand: ReadDemand) -> SourceAnswer

    /// Lets go of all ciphertext.
    ///
    /// - Returns: the reads that waited, and the transfers to cancel.
    mutating func detach() -> (reads: [PendingRead], transfers: [TransferSlot])
}

/// Ciphertext at hand, from which a read's plaintext is made.
protocol Ciphertext: Sendable {
    /// Whether the content's authentication has seen all of it.
    var isAuthenticated: Bool { get }

    /// Shows the content's authentication what it hasn't seen.
    ///
    /// - Parameters:
    ///   - attempt: the one for which the ciphertext was fetched.
    ///   - verified: called when this completes the content, and the tag agrees.
    /// - Returns: whether it may be released; false when another attempt has begun.
    /// - Throws: when the content isn't what was sealed.
    func authenticate(
        for content: MediaContent, attempt: ContentAuthentication.Attempt, verified: () -> Void
    ) throws(EnvelopeError) -> Bool

    /// Makes plaintext.
    ///
    /// - Parameters:
    ///   - range: plaintext offsets, all of which it covers.
    ///   - plaintext: is filled.
    ///   - space: for ciphertext in between.
    /// - Throws: ``EnvelopeError``, or ``SystemError`` when it can't be read.
    func decrypt(
        _ range: Range<Int64>, of content: MediaContent, into plaintext: UnsafeMutableRawBufferPointer,
        using space: UnsafeMutableRawBufferPointer
    ) throws
}

/// What a source is to go by when it takes a read.
struct ReadDemand {
    /// Ciphertext offsets of the read's bytes.
    let needed: Range<Int64>

    /// What should be on its way besides.
    let wish: ReadAheadWindow.Wish

    /// Bytes of memory that the file may keep.
    let share: Int64
    let memory: MemoryPool

    /// Memory for which the read has waited.
    let granted: [PooledMemory]
}

/// What becomes of a read, and what its file is to do after unlocking.
struct SourceAnswer {
    enum Outcome {
        case ready(any Ciphertext)

        /// The read was kept.
        case waits

        /// There is no memory for so many blocks; the read wasn't kept.
        case short(Int)

        /// The read was kept by a stream, which may have its bytes.
        case streamed

        /// There is no stream; the read wasn't kept.
        case noStream
    }

    let outcome: Outcome
    var orders: [BlockMap<PendingRead>.FetchOrder] = []

    /// Transfers that have nothing left to do.
    var stop: [TransferSlot] = []

    /// Whether the reader's first read was planned.
    var isFirst = false

    /// Whether memory for something was missing.
    var isShort = false
}
