/// What a file's lock guards, as a state machine without I/O: its content, with reads and ciphertext, and its readers.
///
/// Each function is one transition, and returns what its caller does after unlocking. The parts are state machines of
/// their own; here are the transitions across them. Only reads of the content that is open are taken, and only its
/// bytes are released.
struct FileState {
    typealias Pass = IntegrityGate<PendingRead>.Pass

    /// The reads that waited, and the transfers to cancel.
    typealias Detached = (reads: [PendingRead], transfers: [TransferSlot])

    /// Why a content isn't read any more.
    enum Refusal {
        /// It has failed its authentication.
        case failed

        /// The file has another content, or none.
        case changed
    }

    /// The gate's and the sources' answer to a read.
    enum Admission {
        case refused(Refusal)

        /// It waits until the content is verified, by the pass that begins with it or one that is under way.
        case held(begins: Pass?)

        /// A source has taken it. Bytes that it has are of an attempt at authenticating the content, and may count as
        /// released already.
        case taken(SourceAnswer, attempt: ContentAuthentication.Attempt, isReleased: Bool)
    }

    /// The effect of a content's failed authentication.
    enum Failure {
        /// None: it is known, or the content was given up.
        case known

        /// The content, or another one in its place, is to be fetched and verified again, by a pass that has begun.
        case tryAgain(MediaContent, Pass, failed: [PendingRead], wasReleased: Bool)

        /// The content is declared bad.
        case condemned([PendingRead])
    }

    var content = Learnt<MediaContent>.unknown

    /// Whether a reader has opened this content: the kernel's pages are of its bytes.
    var wasOpened: Bool
    var readerCount = 0

    /// Whether readers from before the media changed may be left.
    var hasOutdatedReaders = false

    var gate: IntegrityGate<PendingRead>
    var blocks = BlockState()
    var stream = StreamState()

    /// Whether the server sends everything whatever range is asked for: the stream takes reads, not the blocks.
    var ignoresRanges = false

    /// - Parameter wasVerified: whether this process has read and verified all of it, so that the kernel's pages are of
    ///   its bytes.
    init(wasVerified: Bool) {
        wasOpened = wasVerified
        gate = IntegrityGate(earlier: wasVerified ? .verified : nil)
    }

    /// Whether a content is the one that is open.
    func isCurrent(_ content: MediaContent) -> Bool { self.content.value === content }

    // MARK: Reads

    /// Why a content isn't read any more; nil when it is.
    func refusal(of content: MediaContent) -> Refusal? {
        if content.authentication?.integrity == .failed { return .failed }
        return isCurrent(content) ? nil : .changed
    }

    /// Leads a read through the gate and to a source.
    ///
    /// - Parameters:
    ///   - share: bytes of memory that the file may keep.
    ///   - granted: memory for which the read has waited.
    mutating func admit(
        _ read: PendingRead, share: Int64, link: LinkEstimate, memory: MemoryPool, granted: [PooledMemory]
    ) -> Admission {
        let content = read.content
        if let refusal = refusal(of: content) { return .refused(refusal) }
        if content.isHeldBack, read.isForDelivery { return .held(begins: gate.hold(read)) }
        // CBC's block before a range is found in the first block's prefix.
        let needed = read.range.lowerBound..<content.ciphertextRange(forPlaintext: read.range).upperBound
        let wish = read.place.advance(needed, share: share, link: link)
        let demand = ReadDemand(needed: needed, wish: wish, share: share, memory: memory, granted: granted)
        let answer =
            ignoresRanges || !blocks.isOpen ? stream.take(read, demand) : blocks.take(read, demand)
        let attempt = content.authentication?.attempt ?? 0
        guard case .ready(let ciphertext) = answer.outcome, read.isForDelivery,
            content.authentication == nil || ciphertext.isAuthenticated
        else { return .taken(answer, attempt: attempt, isReleased: false) }
        gate.noteRelease()
        return .taken(answer, attempt: attempt, isReleased: true)
    }

    /// Counts bytes of a content as released, unless it was given up since they were authenticated.
    ///
    /// Content is given up under the same lock, with the knowledge whether bytes of it were released.
    ///
    /// - Parameter attempt: the one for which the bytes were authenticated.
    /// - Returns: whether they may be released.
    mutating func release(_ content: MediaContent, _ attempt: ContentAuthentication.Attempt) -> Bool {
        guard isCurrent(content),
            content.authentication.map({ $0.attempt == attempt && $0.integrity != .failed }) ?? true
        else { return false }
        gate.noteRelease()
        return true
    }

    /// Lets go of all ciphertext.
    ///
    /// - Returns: the reads that waited, and the transfers to cancel.
    mutating func detach() -> Detached {
        let (blocks, stream) = (blocks.detach(), stream.detach())
        return (blocks.reads + stream.reads + gate.takeHeld(), blocks.transfers + stream.transfers)
    }

    // MARK: Sources

    /// A stream of everything has begun: the stream takes all reads from now on.
    ///
    /// - Parameters:
    ///   - transfer: brings it; if it is a fetch's, it goes on.
    ///   - read: waits for it.
    /// - Returns: whether the stream is taken, and the transfers to cancel; nil when the read's content was given up
    ///   since it was admitted, so that nothing begins for it.
    mutating func begin(
        _ spool: Spool, from transfer: TransferSlot, for read: PendingRead?
    ) -> (isTaken: Bool, others: [TransferSlot])? {
        if let read, refusal(of: read.content) != nil { return nil }
        ignoresRanges = true
        let left = blocks.detach()
        let isTaken = stream.begin(spool, from: transfer, for: left.reads + (read.map { [$0] } ?? []))
        return (isTaken, left.transfers.filter { $0 !== transfer })
    }

    /// Takes out the next step of the stream, for the content that is open.
    mutating func advanceStream() -> (
        step: StreamState.Step, content: MediaContent, attempt: ContentAuthentication.Attempt
    )? {
        guard let content = content.value else { return nil }
        return (stream.advance(for: content), content, content.authentication?.attempt ?? 0)
    }

    // MARK: Verdicts

    /// A content has failed its authentication.
    ///
    /// A reader that was given bytes of it fails even if the retry succeeds. If no bytes were released, the waiting
    /// reads are held back.
    ///
    /// - Parameters:
    ///   - attempt: the one that has failed.
    ///   - read: has met the failure; treated like those that wait.
    mutating func authenticationDidFail(
        _ failed: MediaContent, attempt: ContentAuthentication.Attempt, in read: PendingRead?, firstWait: Duration,
        now: ContinuousClock.Instant
    ) -> (Failure, transfers: [TransferSlot]) {
        // Several threads may report the same failure.
        guard isCurrent(failed), failed.authentication?.attempt == attempt, gate.trial != .condemned else {
            return (.known, [])
        }
        let wasReleased = gate.wasReleased
        let (detached, transfers) = detach()
        let reads = detached + (read.map { [$0] } ?? [])
        guard let pass = gate.fail(firstWait: firstWait, now: now) else { return (.condemned(reads), transfers) }
        wasOpened = false
        blocks.forgetUnits()
        // The pieces of an earlier pass are not continued: a new one begins.
        let deliveries = reads.filter(\.isForDelivery)
        guard wasReleased else {
            failed.authentication?.begin()
            for read in deliveries { _ = gate.hold(read) }
            return (.tryAgain(failed, pass, failed: [], wasReleased: false), transfers)
        }
        let again = MediaContent(again: failed)
        content = .known(again)
        gate.contentDidOpen()
        return (.tryAgain(again, pass, failed: deliveries, wasReleased: true), transfers)
    }
}
