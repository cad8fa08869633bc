public import Catalog
public import Logging
public import Media
import Support
import Transfer
public import TwilioAPI

/// Reacts to media that differs from the kernel's copy.
public protocol MediaRecorderDelegate: Sendable {
    /// Wrong bytes of a recording's media may have been released, or its size may have changed.
    ///
    /// Called on the writing thread, never within a request of the kernel, where libfuse warns of deadlocks.
    func mediaMayDiffer(_ sid: SID, of account: SID?)
}

/// Writes the findings of ``Media`` to the catalog, and reports media that the kernel must not keep.
public final class MediaRecorder: MediaObserver {
    private let catalog: Catalog
    /// The catalogs of subaccounts.
    private let subaccounts: [SID: Catalog]
    private let logger: Logger
    /// The writing thread; writes take milliseconds and must not delay the reporting thread.
    private let writer: WriteQueue
    /// The descriptions that aren't stored yet.
    private let described = Locked<[(sid: SID, account: SID?, facts: MediaFacts)]>([])
    /// The time of the last logged failure to store.
    private let lastFailure = Locked<ContinuousClock.Instant?>(nil)
    private let delegate: any MediaRecorderDelegate

    /// Makes a recorder.
    ///
    /// - Parameters:
    ///   - catalog: The catalog of the mounted account.
    ///   - subaccounts: The catalogs of its subaccounts; findings about any other account go to `catalog`.
    ///   - writer: The writing thread; it has to shut down after the library, so that nothing is lost.
    public init(
        catalog: Catalog, subaccounts: [SID: Catalog] = [:], writer: WriteQueue, delegate: any MediaRecorderDelegate,
        logger: Logger
    ) {
        self.catalog = catalog
        self.subaccounts = subaccounts
        self.delegate = delegate
        self.logger = logger
        self.writer = writer
    }

    /// Stores the facts if the size is certain; otherwise stores only that the media is encrypted, if it is.
    public func mediaWasDescribed(_ sid: SID, of account: SID?, as facts: MediaFacts) {
        guard facts.isSizeCertain || facts.isEncrypted else { return }
        let isFirst = described.withLock { described in
            described.append((sid, account, facts))
            return described.count == 1
        }
        // All descriptions until the writer runs share a transaction, which costs as much as a hundred sizes.
        if isFirst { writer.run(.urgent) { [self] in learn() } }
    }

    private func learn() {
        let described = described.withLock { described in
            defer { described = [] }
            return described
        }
        for (account, described) in Dictionary(grouping: described, by: \.account) {
            let media = catalog(of: account).media
            let (sized, unsized) = (
                described.filter(\.facts.isSizeCertain), described.filter { !$0.facts.isSizeCertain }
            )
            // A failure for one recording, or with one of the two transactions, leaves the others.
            let lessons = sized.compactMap { sid, _, facts in
                storing("a size") { try MediaLesson(sid, facts) } ?? nil
            }
            let replaced = storing(lessons.count == 1 ? "a size" : "\(lessons.count) sizes") {
                try media.learn(lessons)
            }
            for sid in replaced ?? [] {
                logger.warning(
                    "\(sid): the size changed (completed media should not); cached attributes are dropped",
                    metadata: ["recording": "\(sid)"])
                delegate.mediaMayDiffer(sid, of: account)
            }
            storing("what is encrypted") { try media.noteEncryption(of: unsized.map(\.sid)) }
        }
    }

    /// Stores something; logs a failure, and returns nil after one.
    @discardableResult
    private func storing<Result>(_ subject: String, _ body: () throws -> Result) -> Result? {
        do {
            return try body()
        } catch {
            storingDidFail("\(subject) can't be stored", error)
            return nil
        }
    }

    /// Logs a failure to store, once a minute: on a full disk every write fails.
    private func storingDidFail(_ message: String, _ error: any Error) {
        let now = ContinuousClock.now
        let isDue = lastFailure.withLock { last in
            if let last, now - last < .seconds(60) { return false }
            last = now
            return true
        }
        if isDue { logger.failure("\(message)", error: error) } else { logger.debug("\(message)", error: error) }
    }

    /// The catalog of an account.
    private func catalog(of account: SID?) -> Catalog { account.flatMap { subaccounts[$0] } ?? catalog }

    /// Forgets the facts; the next request for the size learns them again.
    public func mediaHasChanged(_ sid: SID, of account: SID?) {
        logger.warning(
            "\(sid): the media changed (completed media should not); what is stored of it is dropped",
            metadata: ["recording": "\(sid)"])
        writer.run(.urgent) { [self] in
            do {
                try catalog(of: account).media.forgetFacts(of: sid)
            } catch {
                storingDidFail("the size of \(sid) can't be removed", error)
            }
            delegate.mediaMayDiffer(sid, of: account)
        }
    }

    /// Stores that the bytes are authentic.
    public func mediaWasVerified(_ sid: SID, of account: SID?) { store(.verified, sid, account) }

    /// Stores that the bytes may not be authentic, and has the kernel drop the released pages.
    public func mediaIsDoubtful(_ sid: SID, of account: SID?) { store(.unverified, sid, account) }

    /// Stores that the bytes aren't authentic, and has the kernel drop the pages released before.
    public func mediaFailedAuthentication(_ sid: SID, of account: SID?) { store(.failed, sid, account) }

    private func store(_ integrity: StoredIntegrity, _ sid: SID, _ account: SID?) {
        writer.run(.urgent) { [self] in
            do throws(CatalogError) {
                try catalog(of: account).media.setIntegrity(integrity, of: sid)
            } catch {
                storingDidFail("the integrity of \(sid) can't be stored", error)
            }
            if integrity != .verified { delegate.mediaMayDiffer(sid, of: account) }
        }
    }
}

extension MediaFacts {
    /// Whether the size is certain; a guess isn't stored, since the right key may disprove it.
    fileprivate var isSizeCertain: Bool { isPlaintextSizeExact && isConfirmed }
}

extension MediaLesson {
    /// Nil when the size is out of bounds.
    fileprivate init?(_ sid: SID, _ facts: MediaFacts) throws {
        guard
            let stored = StoredMediaFacts(
                plaintextSize: facts.plaintextSize, entityTag: facts.entityTag, facts: try facts.stored)
        else { return nil }
        self.init(sid, stored, isAuthenticated: facts.isAuthenticated, isEncrypted: facts.isEncrypted)
    }
}
