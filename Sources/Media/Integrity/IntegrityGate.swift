/// The verdict on a file's content, and the reads that wait for it: a state machine without I/O.
///
/// Content that fails authentication is fetched again, bypassing all caches, before it is condemned, since the transfer
/// may have been at fault. Valid transitions of the trial:
///
/// - `first` → `again`, `again` → `condemned`: the content fails (``fail(firstWait:now:)``).
/// - `condemned` → `again`: the file is opened when a retrial is due (``beginRetrial()``).
/// - any → `first`: the content passes (``pass()``), or the media has changed (``forget()``).
///
/// One verifying pass at a time fetches all of the content. It begins with the first held read, with read-ahead or with
/// another trial, and ends with a verdict or an error (``endPass(_:)``). It becomes void when another trial begins, or
/// when its content is condemned or dropped (``abandonPass()``).
struct IntegrityGate<Read> {
    /// Identifies a verifying pass.
    typealias Pass = Int

    /// The trials of the content.
    enum Trial {
        /// It hasn't failed.
        case first

        /// It has failed and is fetched again.
        case again

        /// It has failed twice, or once in a retrial.
        case condemned
    }

    private(set) var trial = Trial.first
    private var retrial: Retrial?

    /// The verdict on the same media from before this content was opened, if any.
    private(set) var earlier: Integrity?

    /// Whether bytes of the open content were released.
    private(set) var wasReleased = false

    private var held: [Read] = []
    private var currentPass: Pass?
    private var passCount = 0

    /// Whether transfers of the pass's current piece were raised for a read that was held since it began.
    private(set) var isPieceRaised = false

    init(earlier: Integrity?) { self.earlier = earlier }

    /// Makes the gate of a file that failed before it was let go.
    init(after failure: FormerFailures.Failure) {
        earlier = .failed
        retrial = failure.retrial
        trial = failure.retrial == nil ? .first : .condemned
    }

    /// What is to be remembered of content that has failed and not passed since; nil if there is nothing.
    var failure: FormerFailures.Failure? {
        trial == .first && earlier != .failed
            ? nil : FormerFailures.Failure(retrial: trial == .condemned ? retrial : nil)
    }

    /// Whether a read waits for the verdict.
    var isAwaited: Bool { !held.isEmpty }

    /// The verdict while the authentication is incomplete; after a failure, it is `failed` until the content passes.
    var integrityOfUnverified: Integrity { trial == .first ? earlier ?? .unverified : .failed }

    /// Whether to release nothing of a content before all of it is verified.
    ///
    /// - Parameters:
    ///   - size: the ciphertext size in bytes.
    ///   - limit: the largest size in bytes for which ``IntegrityMode/automatic`` is strict.
    func isStrict(size: Int64, mode: IntegrityMode, limit: Int64) -> Bool {
        // A server may send bad bytes only sometimes: after a failure, the content is verified first.
        if earlier == .failed { return true }
        return switch mode {
        case .strict: true
        case .deferred: false
        case .automatic: earlier != .verified && size <= limit
        }
    }

    // MARK: Content

    /// Notes an earlier verdict on the same media, if none is known.
    mutating func learn(_ integrity: Integrity) { if earlier == nil { earlier = integrity } }

    /// Notes that a content was opened.
    mutating func contentDidOpen() { wasReleased = false }

    /// Notes that bytes of the content are released.
    mutating func noteRelease() { wasReleased = true }

    /// Forgets the verdict on changed media.
    mutating func forget() { (earlier, trial, retrial) = (nil, .first, nil) }

    // MARK: Reads and the verifying pass

    /// Holds a read until there is a verdict; returns the verifying pass to begin, if none is in progress.
    mutating func hold(_ read: Read) -> Pass? {
        held.append(read)
        return beginPass()
    }

    mutating func takeHeld() -> [Read] {
        defer { held = [] }
        return held
    }

    /// Begins a verifying pass, unless one is in progress.
    mutating func beginPass() -> Pass? { currentPass == nil ? beginNextPass() : nil }
    private mutating func beginNextPass() -> Pass {
        passCount += 1
        currentPass = passCount
        return passCount
    }

    func isUnderWay(_ pass: Pass) -> Bool { currentPass == pass }

    /// Begins a piece of a pass; returns whether a read waits for it, or nil if the pass is void.
    mutating func beginPiece(of pass: Pass) -> Bool? {
        guard isUnderWay(pass) else { return nil }
        isPieceRaised = false
        return isAwaited
    }

    /// Notes that transfers of the current piece were raised.
    mutating func noteRaise() { isPieceRaised = true }

    /// Whether a pass that failed in a piece of read-ahead goes on: a read waits that had no patience of its own yet.
    func mayGoOn(_ pass: Pass) -> Bool { isUnderWay(pass) && isAwaited && !isPieceRaised }

    /// Ends a verifying pass; returns the held reads, or none if the pass is void.
    mutating func endPass(_ ended: Pass) -> [Read] {
        guard isUnderWay(ended) else { return [] }
        currentPass = nil
        return takeHeld()
    }

    /// Voids the pass of condemned or dropped content: the next held read begins another.
    mutating func abandonPass() { currentPass = nil }

    // MARK: Verdicts

    /// Notes that all of the content has passed; returns whether it had failed before.
    mutating func pass() -> Bool {
        let hadFailed = trial == .again
        if hadFailed { earlier = .verified }
        (trial, retrial) = (.first, nil)
        return hadFailed
    }

    /// Notes a failure of content that isn't condemned.
    ///
    /// - Parameter firstWait: the wait before the first retrial; see ``Retrial``.
    /// - Returns: the pass of the next trial; nil if the content is now condemned.
    mutating func fail(firstWait: Duration, now: ContinuousClock.Instant) -> Pass? {
        guard trial == .first else {
            trial = .condemned
            retrial = Retrial(after: retrial, firstWait: firstWait, now: now)
            abandonPass()
            return nil
        }
        trial = .again
        return beginNextPass()
    }

    /// Whether an opening of condemned content is a retrial.
    func isDueForRetrial(now: ContinuousClock.Instant) -> Bool {
        guard trial == .condemned, let retrial else { return false }
        return retrial.isDueFrom <= now
    }

    /// Begins a retrial: nothing is released before it passes, and one failure condemns the content again.
    mutating func beginRetrial() {
        earlier = .failed
        trial = .again
    }
}
