import Transfer

/// The state under a file's lock: its content, reads, ciphertext and readers, as a state machine without I/O.
///
/// Each function is one transition and returns the work for after unlocking. The parts are state machines of their own;
/// these are the transitions across them. Only reads of the open content are accepted, and only its bytes are released.
struct FileState {
    typealias Pass = IntegrityGate<PendingRead>.Pass

    /// Waiting reads to fail or run again, and transfers to cancel.
    typealias Detached = (reads: [PendingRead], transfers: [TransferSlot])

    /// The reason to refuse a read.
    enum Refusal {
        /// The content failed authentication.
        case failed

        /// The file has other content, or none.
        case changed
    }

    /// The answer of the gate and the source to a read.
    enum Admission {
        case refused(Refusal)

        /// The read waits for the verdict of a verifying pass: `begins`, or the one in progress.
        ///
        /// `overtaken` are the pass's transfers of read-ahead: their priority is raised.
        case held(begins: Pass?, overtaken: [TransferSlot])

        /// A source took the read. `attempt` is the authentication attempt of its bytes; `isReleased` if they already
        /// count as released.
        case taken(SourceAnswer, attempt: ContentAuthentication.Attempt, isReleased: Bool)
    }

    /// The effect of an authentication failure.
    enum Failure {
        /// No effect: the failure was handled before, or the content was dropped.
        case known

        /// The content or its replacement is fetched and verified again, in a pass that has begun.
        case tryAgain(MediaContent, Pass, failed: [PendingRead], wasReleased: Bool)

        /// The content is bad.
        case condemned([PendingRead])
    }

    var content = Learnt<MediaContent>.unknown

    /// Whether a reader opened this content: the kernel's pages are its bytes, or verified ones (``hasVerifiedPages``).
    private(set) var wasOpened: Bool

    /// Whether the kernel may have pages from before this content, all of them verified by this process.
    ///
    /// The content's authentication doesn't see them, so the content has to be verified before bytes join them.
    private(set) var hasVerifiedPages: Bool
    var readerCount = 0

    /// The number of the latest opening.
    var openingCount: OpeningNumber = 0

    /// Whether readers from before the media changed may be left.
    var hasOutdatedReaders = false

    var gate: IntegrityGate<PendingRead>
    var blocks = BlockState()
    var stream = StreamState()

    /// Whether the server ignores ranges: the stream takes reads instead of the blocks.
    var ignoresRanges = false

    /// - Parameters:
    ///   - wasVerified: whether this process verified the media: the kernel's pages are its bytes.
    ///   - failure: the media's failure before an earlier file of it was let go, if any.
    init(wasVerified: Bool, failure: FormerFailures.Failure? = nil) {
        wasOpened = wasVerified
        hasVerifiedPages = wasVerified
        gate = failure.map { IntegrityGate(after: $0) } ?? IntegrityGate(earlier: wasVerified ? .verified : nil)
    }

    /// Whether a content is open.
    func isCurrent(_ content: MediaContent) -> Bool { self.content.value === content }

    // MARK: The kernel's pages

    /// Notes that a reader opened the content.
    mutating func noteOpening() { wasOpened = true }

    /// Notes that the content doesn't account for the kernel's pages any more.
    mutating func losePages() { (wasOpened, hasVerifiedPages) = (false, false) }

    /// Whether all of the kernel's pages are authentic, so that they may outlast the content.
    var hasAuthenticPages: Bool {
        hasVerifiedPages || wasOpened && content.value?.authentication?.integrity == .verified
    }

    // MARK: Reads

    /// The reason to refuse reads of a content; nil to accept them.
    func refusal(of content: MediaContent) -> Refusal? {
        if content.authentication?.integrity == .failed { return .failed }
        return isCurrent(content) ? nil : .changed
    }

    /// Takes a read through the gate to a source.
    ///
    /// - Parameters:
    ///   - read: one of a verifying pass gets the priority of the reads that it holds.
    ///   - share: the file's share of memory, in bytes.
    ///   - granted: memory that the read has waited for.
    mutating func admit(
        _ read: inout PendingRead, share: Int64, link: LinkEstimate, memory: MemoryPool, granted: [PooledMemory]
    ) -> Admission {
        let content = read.content
        if let refusal = refusal(of: content) { return .refused(refusal) }
        if content.isHeldBack, read.isForDelivery {
            let pass = gate.hold(read)
            let overtaken = blocks.noteReader() + stream.noteReader()
            if !overtaken.isEmpty || blocks.isUnderWay { gate.noteRaise() }
            return .held(begins: pass, overtaken: overtaken)
        }
        if content.isHeldBack, gate.isAwaited, read.priority != .reader {
            read.priority = .reader
            gate.noteRaise()
        }
        // CBC's preceding 16 bytes are in the first block's prefix.
        let needed = read.range.lowerBound..<content.ciphertextRange(forPlaintext: read.range).upperBound
        let wish = read.place.advance(needed, share: share, link: link)
        let demand = ReadDemand(needed: needed, wish: wish, share: share, memory: memory, granted: granted)
        // Blocks don't have the tag: what lacks it comes as a stream, also once the server honours ranges.
        let needsStream = ignoresRanges || content.lacksTag || !blocks.isOpen
        let answer = needsStream ? stream.take(read, demand) : blocks.take(read, demand)
        let attempt = content.authentication?.attempt ?? 0
        guard case .ready(let ciphertext) = answer.outcome, read.isForDelivery,
            content.authentication == nil || ciphertext.isAuthenticated
        else { return .taken(answer, attempt: attempt, isReleased: false) }
        gate.noteRelease()
        return .taken(answer, attempt: attempt, isReleased: true)
    }

    /// Counts bytes of a content, authenticated in `attempt`, as released; false if it failed or was dropped since.
    ///
    /// Content is dropped under the same lock, so it is certain then whether bytes of it were released.
    mutating func release(_ content: MediaContent, _ attempt: ContentAuthentication.Attempt) -> Bool {
        guard isCurrent(content),
            content.authentication.map({ $0.attempt == attempt && $0.integrity != .failed }) ?? true
        else { return false }
        gate.noteRelease()
        return true
    }

    /// Drops all ciphertext.
    mutating func detach() -> Detached {
        let (blocks, stream) = (blocks.detach(), stream.detach())
        return (blocks.reads + stream.reads + gate.takeHeld(), blocks.transfers + stream.transfers)
    }

    // MARK: Sources

    /// Switches the file to a stream, which takes all reads from now on.
    ///
    /// - Parameters:
    ///   - transfer: the stream's transfer, which continues.
    ///   - read: waits for the stream.
    /// - Returns: whether the stream is accepted, and the transfers to cancel; nil if the read's content was dropped.
    mutating func begin(
        _ spool: Spool, from transfer: TransferSlot, for read: PendingRead?
    ) -> (isTaken: Bool, others: [TransferSlot])? {
        if let read, refusal(of: read.content) != nil { return nil }
        ignoresRanges = true
        let left = blocks.detach()
        let isTaken = stream.begin(spool, from: transfer, for: left.reads + (read.map { [$0] } ?? []))
        return (isTaken, left.transfers.filter { $0 !== transfer })
    }

    /// Takes the next step of the stream for the open content.
    mutating func advanceStream() -> (
        step: StreamState.Step, content: MediaContent, attempt: ContentAuthentication.Attempt
    )? {
        guard let content = content.value else { return nil }
        return (stream.advance(for: content), content, content.authentication?.attempt ?? 0)
    }

    // MARK: Verdicts

    /// Handles an authentication failure of a content.
    ///
    /// A reader that was given bytes of it fails even if the retry succeeds. If none were released, the waiting reads
    /// are held until the retry ends.
    ///
    /// - Parameters:
    ///   - attempt: the failed attempt.
    ///   - read: the read that found the failure; treated like the waiting ones.
    mutating func authenticationDidFail(
        _ failed: MediaContent, attempt: ContentAuthentication.Attempt, in read: PendingRead?, firstWait: Duration,
        now: ContinuousClock.Instant
    ) -> (Failure, transfers: [TransferSlot]) {
        // Several threads may report one failure.
        guard isCurrent(failed), failed.authentication?.attempt == attempt, gate.trial != .condemned else {
            return (.known, [])
        }
        let wasReleased = gate.wasReleased
        let (detached, transfers) = detach()
        let reads = detached + (read.map { [$0] } ?? [])
        guard let pass = gate.fail(firstWait: firstWait, now: now) else { return (.condemned(reads), transfers) }
        losePages()
        blocks.forgetUnits()
        // Reads of an earlier verifying pass are dropped: a new pass begins.
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
