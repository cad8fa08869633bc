public import Catalog
public import Logging
public import Media
import Support
import Transfer
public import TwilioAPI

/// Writes what ``Media`` learns to the catalog, and tells the kernel what is no longer so.
public final class MediaRecorder: MediaObserver {
    private let catalog: Catalog

    /// The catalogs of subaccounts.
    private let subaccounts: [SID: Catalog]
    private let logger: Logger

    /// Writes take milliseconds and must not hold up the thread that learnt something.
    private let writer: WorkerPool

    /// What was described and isn't stored yet.
    private let described = Locked<[(sid: SID, account: SID?, facts: MediaFacts)]>([])

    /// When it was last said that something can't be stored.
    private let lastFailure = Locked<ContinuousClock.Instant?>(nil)

    /// Has the kernel drop what it keeps of a recording of an account.
    private let invalidate = Locked<(@Sendable (SID, SID?) -> Void)?>(nil)

    /// Makes a recorder.
    ///
    /// - Parameters:
    ///   - catalog: that of the mounted account.
    ///   - subaccounts: those of its subaccounts; recordings of all others belong to the first.
    /// - Throws: ``SystemError`` when the system has no thread left.
    public init(catalog: Catalog, subaccounts: [SID: Catalog] = [:], logger: Logger) throws {
        self.catalog = catalog
        self.subaccounts = subaccounts
        self.logger = logger
        writer = try WorkerPool(name: "recorder", threadCount: 1)
    }

    /// Sets what has the kernel drop its pages and attributes of a recording, which is given with its account.
    ///
    /// It is called on the recorder's thread, never within a request of the kernel's, where libfuse warns of deadlocks.
    public func onInvalidation(_ invalidate: @escaping @Sendable (_ sid: SID, _ account: SID?) -> Void) {
        self.invalidate.withLock { $0 = invalidate }
    }

    /// Stores the size, for good, if it counts for good, and that the media is encrypted, if it says so.
    public func mediaWasDescribed(_ sid: SID, of account: SID?, as facts: MediaFacts) {
        guard facts.isSizeCertain || facts.isEncrypted else { return }
        let isFirst = described.withLock { described in
            described.append((sid, account, facts))
            return described.count == 1
        }
        // What comes until the writer gets to it is written together: a transaction costs as much as a hundred sizes.
        if isFirst { writer.run { [self] in learn() } }
    }

    private func learn() {
        let described = described.withLock { described in
            defer { described = [] }
            return described
        }
        for (account, described) in Dictionary(grouping: described, by: \.account) {
            do {
                let replaced = try catalog(of: account).learn(
                    try described.filter { $0.facts.isSizeCertain }.compactMap { sid, _, facts in
                        let stored = StoredMediaFacts(
                            plaintextSize: facts.plaintextSize, entityTag: facts.entityTag, facts: try facts.stored)
                        return stored.map {
                            MediaLesson(
                                sid, $0,
                                isAuthenticated: facts.isAuthenticated, isEncrypted: facts.isEncrypted)
                        }
                    })
                for sid in replaced {
                    logger.warning(
                        "\(sid): the size has changed, although completed media never does",
                        metadata: ["recording": "\(sid)"])
                    invalidate.withLock { $0 }?(sid, account)
                }
                try catalog(of: account).noteEncryption(of: described.filter { !$0.facts.isSizeCertain }.map(\.sid))
            } catch {
                storingDidFail("\(described.count == 1 ? "a size" : "\(described.count) sizes") can't be stored", error)
            }
        }
    }

    /// Says that something can't be stored, once a minute: on a full disk nothing can.
    private func storingDidFail(_ message: String, _ error: any Error) {
        let now = ContinuousClock.now
        let isDue = lastFailure.withLock { last in
            if let last, now - last < .seconds(60) { return false }
            last = now
            return true
        }
        if isDue { logger.failure("\(message)", error: error) } else { logger.debug("\(message)", error: error) }
    }

    /// Where is kept what is learnt of an account's recordings.
    private func catalog(of account: SID?) -> Catalog {
        account.flatMap { subaccounts[$0] } ?? catalog
    }

    /// Forgets the size; it is learnt again when it is next asked for.
    public func mediaHasChanged(_ sid: SID, of account: SID?) {
        logger.warning(
            "the media of \(sid) has changed, although completed media never does", metadata: ["recording": "\(sid)"])
        writer.run { [self] in
            do {
                try catalog(of: account).forgetMediaFacts(of: sid)
            } catch {
                storingDidFail("the size of \(sid) can't be forgotten", error)
            }
            invalidate.withLock { $0 }?(sid, account)
        }
    }

    /// Stores that the bytes are true.
    public func mediaWasVerified(_ sid: SID, of account: SID?) {
        writer.run { [self] in store(.verified, sid, account) }
    }

    /// Stores that they may not be, and has the kernel drop the pages that were released.
    public func mediaIsDoubtful(_ sid: SID, of account: SID?) {
        writer.run { [self] in
            store(.unverified, sid, account)
            invalidate.withLock { $0 }?(sid, account)
        }
    }

    /// Stores it, and has the kernel drop the pages that were released before the forgery was seen.
    public func mediaFailedAuthentication(_ sid: SID, of account: SID?) {
        writer.run { [self] in
            store(.failed, sid, account)
            invalidate.withLock { $0 }?(sid, account)
        }
    }

    private func store(_ integrity: StoredIntegrity, _ sid: SID, _ account: SID?) {
        do throws(CatalogError) {
            try catalog(of: account).setIntegrity(integrity, of: sid)
        } catch {
            storingDidFail("the integrity of \(sid) can't be stored", error)
        }
    }

    /// Writes what is left and ends the recorder's thread.
    public func shutDown() {
        writer.shutDown()
    }
}

extension MediaFacts {
    /// Whether the size is kept: one that is a guess is told, but with the right key it may turn out to be another.
    fileprivate var isSizeCertain: Bool { isPlaintextSizeExact && isConfirmed }
}
