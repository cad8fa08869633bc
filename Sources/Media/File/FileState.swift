/// What a file's lock guards: its content, the reads and the ciphertext of that, and who has it open.
///
/// A state machine without I/O. Each function is one transition, and returns what its caller has to do after
/// unlocking. The parts are state machines of their own; here are the transitions that concern several of them. Reads
/// are taken and bytes released only of the content that is open: content that is given up takes its waiting reads and
/// its ciphertext along.
struct FileState {
    /// Reads that waited and are to be failed or resumed, and transfers that are to be cancelled.
    typealias Detached = (reads: [PendingRead], transfers: [TransferSlot])

    /// Why a read of a content isn't taken any more.
    enum Refusal {
        /// The content has failed its authentication.
        case failed

        /// The file has another content, or none.
        case changed
    }

    /// What becomes of a read.
    enum Admission {
        case refused(Refusal)

        /// It waits until the content is verified; a verifying pass may have to begin.
        case held(beginsPass: Bool)

        /// A source has taken it. If it has the bytes, they belong to an attempt at authenticating the content, and may
        /// count as released.
        case taken(SourceAnswer, attempt: ContentAuthentication.Attempt, isReleased: Bool)
    }

    /// What the failure of a content's authentication leads to.
    enum Failure {
        /// It is known already, or about content that was given up.
        case known

        /// The content, or another one in its place, is to be fetched and verified again.
        case tryAgain(MediaContent, failed: [PendingRead], wasReleased: Bool)

        /// The content is declared bad.
        case condemned([PendingRead])
    }

    var content = Learnt<MediaContent>.unknown

    /// Whether the content that is known has been opened before: then the kernel's pages are of its bytes.
    var wasOpened: Bool
    var readerCount = 0

    /// Whether somebody may still read the media that was there before it changed.
    var hasOutdatedReaders = false

    var gate: IntegrityGate<PendingRead>
    var blocks = BlockState()
    var stream = StreamState()

    /// Whether the server sends everything whatever range is asked for: then reads are taken by the stream, else by the
    /// blocks.
    var ignoresRanges = false

    /// Makes the state of a file of which nothing is at hand.
    ///
    /// - Parameter wasVerified: whether all of it was read and verified by this process, so that the kernel's pages are
    ///   of its bytes.
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

    /// Takes a read, if its content is open and may be read now.
    ///
    /// - Parameters:
    ///   - share: bytes of memory that the file may keep.
    ///   - granted: memory for which the read has waited.
    mutating func admit(
        _ read: PendingRead, share: Int64, link: LinkEstimate, memory: MemoryPool, granted: [PooledMemory]
    ) -> Admission {
        let content = read.content
        if let refusal = refusal(of: content) { return .refused(refusal) }
        if content.isHeldBack, read.isForDelivery { return .held(beginsPass: gate.hold(read)) }
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

    /// Takes note that bytes of a content are released, unless it has been given up since they were authenticated.
    ///
    /// Both under the lock under which it is given up: whoever does that knows whether something was released.
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

    /// Lets go of all ciphertext, and of the reads that wait.
    mutating func detach() -> Detached {
        let (blocks, stream) = (blocks.detach(), stream.detach())
        return (blocks.reads + stream.reads + gate.takeHeld(), blocks.transfers + stream.transfers)
    }

    // MARK: Sources

    /// A stream of everything has begun: reads wait for that from now on.
    ///
    /// - Parameters:
    ///   - transfer: brings it; a fetch's that is among the file's goes on.
    ///   - read: waits for it.
    /// - Returns: whether it is taken, and the transfers to cancel.
    mutating func begin(
        _ spool: Spool, from transfer: TransferSlot, for read: PendingRead?
    ) -> (isTaken: Bool, others: [TransferSlot]) {
        ignoresRanges = true
        let left = blocks.detach()
        let isTaken = stream.begin(spool, from: transfer, for: left.reads + (read.map { [$0] } ?? []))
        return (isTaken, left.transfers.filter { $0 !== transfer })
    }

    /// What has become possible with the stream, for the content that is open.
    mutating func advanceStream() -> (
        step: StreamState.Step, content: MediaContent, attempt: ContentAuthentication.Attempt
    )? {
        guard let content = content.value else { return nil }
        return (stream.advance(for: content), content, content.authentication?.attempt ?? 0)
    }

    // MARK: Verdicts

    /// A content isn't what was sealed.
    ///
    /// - Parameters:
    ///   - attempt: the one in which that was found out.
    ///   - read: the one for which it was found out, if it was one; shares the fate of those that wait.
    mutating func authenticationDidFail(
        _ failed: MediaContent, attempt: ContentAuthentication.Attempt, in read: PendingRead?, firstWait: Duration,
        now: ContinuousClock.Instant
    ) -> (Failure, transfers: [TransferSlot]) {
        // Several blocks may have told it at the same time.
        guard isCurrent(failed), failed.authentication?.attempt == attempt, gate.trial != .condemned else {
            return (.known, [])
        }
        let wasReleased = gate.wasReleased
        let (detached, transfers) = detach()
        let reads = detached + (read.map { [$0] } ?? [])
        guard gate.fail(firstWait: firstWait, now: now) == .again else { return (.condemned(reads), transfers) }
        wasOpened = false
        blocks.forgetUnits()
        // The pieces of an earlier pass are not continued: a new one begins.
        let deliveries = reads.filter(\.isForDelivery)
        guard wasReleased else {
            failed.authentication?.begin()
            for read in deliveries { _ = gate.hold(read) }
            return (.tryAgain(failed, failed: [], wasReleased: false), transfers)
        }
        let again = MediaContent(again: failed)
        content = .known(again)
        gate.contentDidOpen()
        return (.tryAgain(again, failed: deliveries, wasReleased: true), transfers)
    }
}
