/// The verdict on a file's content, and the reads held back until then: a state machine without I/O.
///
/// Content that fails its authentication is fetched once more, past all caches, before it is declared bad: the fault
/// may have been on the way. Valid transitions of the trial:
///
/// - `first` → `again`, `again` → `condemned`: the content has failed (``fail(firstWait:now:)``).
/// - `condemned` → `again`: a retrial is due, and somebody opens the file (``beginRetrial()``).
/// - any → `first`: all of the content has passed (``pass()``), or the media has changed (``forget()``).
///
/// One verifying pass at a time fetches all of the content. It begins with the first read that is held back, ahead of
/// reads, or with a further trial. It ends with a verdict or an error (``endPass(_:)``), and counts for nothing once
/// another trial has begun or its content was given up (``abandonPass()``).
struct IntegrityGate<Read> {
    /// Names one verifying pass.
    typealias Pass = Int

    /// How often the content was fetched to be authenticated.
    enum Trial {
        /// It hasn't failed.
        case first

        /// It has failed once, and is fetched again.
        case again

        /// It has failed twice, or once after an earlier declaration.
        case condemned
    }

    private(set) var trial = Trial.first
    private var retrial: Retrial?

    /// The verdict on the same media from before this content was opened; nil when there is none.
    private(set) var earlier: Integrity?

    /// Whether bytes of the content that is open were released.
    private(set) var wasReleased = false

    /// Reads that wait for the verdict.
    private var held: [Read] = []

    /// The pass that is under way.
    private var currentPass: Pass?
    private var passCount = 0

    init(earlier: Integrity?) {
        self.earlier = earlier
    }

    /// Whether a reader waits for the verdict.
    var isAwaited: Bool { !held.isEmpty }

    /// The integrity of content whose authentication isn't complete.
    ///
    /// Content that has failed once counts as failed until it has passed.
    var integrityOfUnverified: Integrity { trial == .first ? earlier ?? .unverified : .failed }

    /// Whether nothing of a content is released before all of it is verified.
    ///
    /// - Parameters:
    ///   - size: of the ciphertext, in bytes.
    ///   - limit: the largest size for which ``IntegrityMode/automatic`` is strict, in bytes.
    func isStrict(size: Int64, mode: IntegrityMode, limit: Int64) -> Bool {
        // A server may send bad bytes only sometimes: content that has failed is never released unseen.
        if earlier == .failed { return true }
        return switch mode {
        case .strict: true
        case .deferred: false
        case .automatic: earlier != .verified && size <= limit
        }
    }

    // MARK: Content

    /// Takes note of an earlier verdict on the same media, unless this process knows better.
    mutating func learn(_ integrity: Integrity) {
        if earlier == nil { earlier = integrity }
    }

    /// A content was opened, of which nothing has been released.
    mutating func contentDidOpen() {
        wasReleased = false
    }

    /// Bytes of the content are about to be released.
    mutating func noteRelease() {
        wasReleased = true
    }

    /// The media has changed: no earlier verdict is about it.
    mutating func forget() {
        (earlier, trial, retrial) = (nil, .first, nil)
    }

    // MARK: Reads and the verifying pass

    /// Holds a read back until there is a verdict.
    ///
    /// - Returns: the verifying pass that begins with it; nil when one is under way.
    mutating func hold(_ read: Read) -> Pass? {
        held.append(read)
        return beginPass()
    }

    /// Takes out the reads that were held back.
    mutating func takeHeld() -> [Read] {
        defer { held = [] }
        return held
    }

    /// Begins a verifying pass, unless one is under way.
    mutating func beginPass() -> Pass? {
        currentPass == nil ? beginNextPass() : nil
    }

    private mutating func beginNextPass() -> Pass {
        passCount += 1
        currentPass = passCount
        return passCount
    }

    /// Whether a pass is the one that is under way.
    func isUnderWay(_ pass: Pass) -> Bool { currentPass == pass }

    /// A verifying pass has ended, with a verdict or without.
    ///
    /// - Returns: the reads that were held back; none when the pass counts for nothing.
    mutating func endPass(_ ended: Pass) -> [Read] {
        guard isUnderWay(ended) else { return [] }
        currentPass = nil
        return takeHeld()
    }

    /// The content of the pass is given up: the next read that is held back begins a pass of its own content.
    mutating func abandonPass() {
        currentPass = nil
    }

    // MARK: Verdicts

    /// All of the content has come, and the tag agrees.
    ///
    /// - Returns: whether it had failed before.
    mutating func pass() -> Bool {
        let hadFailed = trial == .again
        if hadFailed { earlier = .verified }
        (trial, retrial) = (.first, nil)
        return hadFailed
    }

    /// Content that isn't condemned has failed its authentication.
    ///
    /// - Parameter firstWait: from the first declaration until a retrial; see ``Retrial``.
    /// - Returns: the pass of the trial that follows; nil when the content is condemned.
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

    /// Whether condemned content is to be tried anew, should somebody open it.
    func isDueForRetrial(now: ContinuousClock.Instant) -> Bool {
        guard trial == .condemned, let retrial else { return false }
        return retrial.isDueFrom <= now
    }

    /// Condemned content is tried anew: strictly, and one failure condemns it again.
    mutating func beginRetrial() {
        earlier = .failed
        trial = .again
    }
}
