public import Catalog
public import Logging
public import Media
public import Support
import Transfer
import TwilioAPI

/// Follows programs through directories, and does ahead what they are about to ask for: describing media whose size
/// isn't known, opening and fetching files that are read whole, one after the other.
///
/// On a link with a latency of 50 ms, a backup of small files is nothing but waiting otherwise. What it is told costs
/// the teller no more than waking a thread: all thinking, and every query of the catalog, is done on a thread of its
/// own.
public final class WalkFollower: Sendable {
    /// Opened files that belong to no walk, after which one that stands still has been left: what it keeps takes
    /// memory.
    private static let patienceOfReading = 16

    /// The same for sizes, which cost nothing to keep, but are asked for in long runs of known and unknown ones.
    private static let patienceOfDescribing = 256

    /// How far is looked for media that hasn't been described.
    private static let reachOfDescribing = 256

    private enum Purpose {
        case reading
        case describing
    }

    private let catalog: Catalog
    private let media: any MediaAhead
    private let logger: Logger
    private let worker: WorkerPool

    // Changed on the worker's thread alone.
    private let reading = Locked(DirectoryWalks(patience: patienceOfReading))
    private let describing = Locked(DirectoryWalks(patience: patienceOfDescribing))

    /// Makes a follower.
    ///
    /// - Parameter worker: a thread to share with other accounts; nil for one of its own.
    /// - Throws: ``SystemError`` when the system has no thread left.
    public convenience init(
        catalog: Catalog, library: MediaLibrary, worker: WorkerPool? = nil, logger: Logger
    ) throws {
        try self.init(catalog: catalog, media: library, worker: worker, logger: logger)
    }

    init(catalog: Catalog, media: any MediaAhead, worker: WorkerPool? = nil, logger: Logger) throws {
        self.catalog = catalog
        self.media = media
        self.logger = logger
        self.worker = try worker ?? WorkerPool(name: "ahead", threadCount: 1)
    }

    /// Ends the follower's thread, also for other accounts that share it.
    ///
    /// The transfer client is to be shut down before.
    public func shutDown() {
        worker.shutDown()
    }

    // MARK: What programs do

    /// A file was opened.
    func didOpen(_ sid: SID) {
        tell(.reading) { $0.visit(sid) }
    }

    /// An open file was read to its end.
    func didReadToEnd(_ sid: SID) {
        tell(.reading) { $0.finish(sid) }
    }

    /// An open file was closed, or couldn't be opened.
    func didClose(_ sid: SID) {
        tell(.reading) { $0.close(sid) }
    }

    /// The size of a file was asked for.
    ///
    /// - Parameter isKnown: whether nobody had to be asked. That is told only to walks that are under way: they go over
    ///   what was described ahead.
    func didAskSize(of sid: SID, isKnown: Bool) {
        if isKnown, !describing.withLock({ $0.isFollowing }) { return }
        tell(.describing) { walks in
            let step = walks.visit(sid, mayBegin: !isKnown)
            return step + walks.finish(sid)
        }
    }

    // MARK: What follows from it

    private func tell(
        _ purpose: Purpose, _ change: @escaping @Sendable (inout DirectoryWalks) -> DirectoryWalks.Step
    ) {
        worker.run { [self] in carryOut(walks(purpose).withLock { change(&$0) }, purpose) }
    }

    private func walks(_ purpose: Purpose) -> Locked<DirectoryWalks> {
        switch purpose {
        case .reading: reading
        case .describing: describing
        }
    }

    private func carryOut(_ step: DirectoryWalks.Step, _ purpose: Purpose) {
        let walks = walks(purpose)
        var steps = [step]
        while let step = steps.popLast() {
            if !step.letGo.isEmpty, purpose == .reading { media.abandonPrefetch(of: step.letGo) }
            for (index, sid) in step.begin.enumerated() where !begin(sid, purpose) {
                // There is no room for it now, and so none for the others.
                walks.withLock { $0.takeBack(Array(step.begin[index...])) }
                break
            }
            for question in step.questions {
                let followers = followers(question, purpose)
                steps.append(walks.withLock { $0.learn(followers, for: question) })
            }
        }
    }

    /// Begins something ahead; false when there is no room for it.
    private func begin(_ sid: SID, _ purpose: Purpose) -> Bool {
        do throws(CatalogError) {
            // Gone from the account meanwhile: nobody will ask for it.
            guard let resource = try catalog.resource(of: sid) else { return true }
            let facts = try catalog.mediaFacts(of: sid)
            switch purpose {
            case .reading:
                return media.prefetch(
                    resource, facts: facts.flatMap { MediaFacts(stored: $0.facts) },
                    integrity: try catalog.integrity(of: sid)?.finding)
            case .describing:
                if facts == nil { media.describe(resource, priority: .readAhead) { _ in } }
                return true
            }
        } catch {
            logger.debug("\(sid) can't be got ahead", error: error)
            return true
        }
    }

    private func followers(_ question: DirectoryWalks.Question, _ purpose: Purpose) -> [SID] {
        guard let kind = question.after.kind else { return [] }
        do throws(CatalogError) {
            switch purpose {
            case .reading:
                return try catalog.followers(
                    of: question.after, kind: kind, in: question.order, limit: question.count
                ).map(\.sid)
            case .describing:
                let near = try catalog.followers(
                    of: question.after, kind: kind, in: question.order, limit: Self.reachOfDescribing)
                return near.lazy.filter { [media] in
                    $0.plaintextSize == nil && media.provisionalSize(of: $0.sid) == nil
                }.prefix(question.count).map(\.sid)
            }
        } catch {
            logger.debug("what follows \(question.after) can't be known", error: error)
            return []
        }
    }
}

/// What can be done ahead; ``MediaLibrary`` can.
protocol MediaAhead: Sendable {
    func describe(
        _ resource: MediaResource, priority: Priority,
        completion: @escaping @Sendable (Result<MediaFacts, MediaError>) -> Void)
    func provisionalSize(of sid: SID) -> Int64?
    func prefetch(_ resource: MediaResource, facts: MediaFacts?, integrity: Integrity?) -> Bool
    func abandonPrefetch(of sids: [SID])
}

extension MediaLibrary: MediaAhead {}
