public import Catalog
public import Logging
public import Media
import Threading
public import TwilioAPI

/// Writes what ``Media`` learns to the catalog, and tells the kernel what is no longer so.
public final class MediaRecorder: MediaObserver {
    private let catalog: Catalog
    private let logger: Logger

    /// Writes take milliseconds and must not hold up the thread that learnt something.
    private let writer: WorkerPool

    /// What was described and isn't stored yet.
    private let described = Locked<[(sid: SID, facts: MediaFacts)]>([])

    /// Has the kernel drop what it keeps of a recording.
    private let invalidate = Locked<(@Sendable (SID) -> Void)?>(nil)

    /// Makes a recorder.
    ///
    /// - Throws: ``ThreadingError`` when the system has no thread left.
    public init(catalog: Catalog, logger: Logger) throws {
        self.catalog = catalog
        self.logger = logger
        writer = try WorkerPool(name: "recorder", threadCount: 1)
    }

    /// Sets what has the kernel drop its pages and attributes of a recording.
    ///
    /// It is called on the recorder's thread, never within a request of the kernel's, where libfuse warns of deadlocks.
    public func onInvalidation(_ invalidate: @escaping @Sendable (SID) -> Void) {
        self.invalidate.withLock { $0 = invalidate }
    }

    /// Stores the size, for good.
    public func mediaWasDescribed(_ sid: SID, as facts: MediaFacts) {
        // A size that is a guess is told, but not kept: with the right key it may turn out to be another.
        guard facts.isPlaintextSizeExact else { return }
        let isFirst = described.withLock { described in
            described.append((sid, facts))
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
        do {
            try catalog.learn(
                try described.map { sid, facts in
                    MediaLesson(
                        sid,
                        StoredMediaFacts(
                            plaintextSize: facts.plaintextSize, entityTag: facts.entityTag, facts: try facts.stored),
                        isAuthenticated: facts.encryption == ExtendedAttributes.authenticatedEncryption)
                })
        } catch {
            logger.error("\(described.count == 1 ? "a size" : "\(described.count) sizes") can't be stored: \(error)")
        }
    }

    /// Forgets the size; it is learnt again when it is next asked for.
    public func mediaHasChanged(_ sid: SID) {
        logger.warning("the media of \(sid) has changed, although completed media never does")
        writer.run { [self] in
            do {
                try catalog.forgetMediaFacts(of: sid)
            } catch {
                logger.error("\(error)")
            }
            invalidate.withLock { $0 }?(sid)
        }
    }

    /// Stores that the bytes are true.
    public func mediaWasVerified(_ sid: SID) {
        writer.run { [self] in store(.verified, of: sid) }
    }

    /// Stores that they may not be, and has the kernel drop the pages that were released.
    public func mediaIsDoubtful(_ sid: SID) {
        writer.run { [self] in
            store(.unverified, of: sid)
            invalidate.withLock { $0 }?(sid)
        }
    }

    /// Stores it, and has the kernel drop the pages that were released before the forgery was seen.
    public func mediaFailedAuthentication(_ sid: SID) {
        writer.run { [self] in
            store(.failed, of: sid)
            invalidate.withLock { $0 }?(sid)
        }
    }

    private func store(_ integrity: StoredIntegrity, of sid: SID) {
        do throws(CatalogError) {
            try catalog.setIntegrity(integrity, of: sid)
        } catch {
            logger.error("\(error)")
        }
    }

    /// Writes what is left and ends the recorder's thread.
    public func shutDown() {
        writer.shutDown()
    }
}
