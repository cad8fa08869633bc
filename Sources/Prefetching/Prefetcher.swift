public import Catalog
public import Logging
public import Media
public import Support
import Transfer
public import TwilioAPI

/// Prefetches an account's media for programs that read files in order: describes media whose size isn't known, opens
/// and fetches files that are read whole, one after the other.
///
/// On a link with a latency of 50 ms, a backup of small files is nothing but waiting otherwise. Reporting an access
/// costs the caller no more than waking a thread: all decisions, and every query of the catalog, are made on the
/// prefetcher's own thread.
public final class Prefetcher: Sendable {
    /// How many files may be opened elsewhere before a sequence of reading ends: its prefetched files take memory.
    private static let patienceOfReading = 16

    /// The same for sizes, which cost nothing to keep, but are asked for in long runs of known and unknown ones.
    private static let patienceOfDescribing = 256

    /// How many files ahead media that hasn't been described is looked for.
    private static let reachOfDescribing = 256

    private enum Purpose {
        case reading
        case describing
    }

    private let catalog: Catalog
    private let media: any PrefetchableMedia
    private let logger: Logger
    private let worker: WorkerPool

    // Changed on the worker's thread alone.
    private let reading = Locked(SequenceDetector(patience: patienceOfReading))
    private let describing = Locked(SequenceDetector(patience: patienceOfDescribing))

    /// Makes a prefetcher.
    ///
    /// - Parameter worker: a thread to share with other accounts; nil for one of its own.
    /// - Throws: ``SystemError`` when the system has no thread left.
    public convenience init(
        catalog: Catalog, library: MediaLibrary, worker: WorkerPool? = nil, logger: Logger
    ) throws {
        try self.init(catalog: catalog, media: library, worker: worker, logger: logger)
    }

    init(catalog: Catalog, media: any PrefetchableMedia, worker: WorkerPool? = nil, logger: Logger) throws {
        self.catalog = catalog
        self.media = media
        self.logger = logger
        self.worker = try worker ?? WorkerPool(name: "prefetch", threadCount: 1)
    }

    /// Ends the prefetcher's thread, also for other accounts that share it.
    ///
    /// The transfer client is to be shut down before.
    public func shutDown() {
        worker.shutDown()
    }

    // MARK: Accesses

    /// Reports that a file was opened.
    public func didOpen(_ sid: SID) {
        report(.reading) { $0.access(sid) }
    }

    /// Reports that an open file was read to its end.
    public func didReadToEnd(_ sid: SID) {
        report(.reading) { $0.finish(sid) }
    }

    /// Reports that an open file was closed, or couldn't be opened.
    public func didClose(_ sid: SID) {
        report(.reading) { $0.close(sid) }
    }

    /// Reports that the size of a file was asked for.
    ///
    /// - Parameter isKnown: whether it was known without a request. Such an access begins no sequence; an established
    ///   one goes over the sizes that it prefetched.
    public func didAskSize(of sid: SID, isKnown: Bool) {
        if isKnown, !describing.withLock({ $0.isPrefetching }) { return }
        report(.describing) { detector in
            let step = detector.access(sid, mayBegin: !isKnown)
            return step + detector.finish(sid)
        }
    }

    // MARK: Actions

    private func report(
        _ purpose: Purpose, _ change: @escaping @Sendable (inout SequenceDetector) -> SequenceDetector.Step
    ) {
        worker.run { [self] in carryOut(detector(purpose).withLock { change(&$0) }, purpose) }
    }

    private func detector(_ purpose: Purpose) -> Locked<SequenceDetector> {
        switch purpose {
        case .reading: reading
        case .describing: describing
        }
    }

    private func carryOut(_ step: SequenceDetector.Step, _ purpose: Purpose) {
        let detector = detector(purpose)
        var steps = [step]
        while let step = steps.popLast() {
            if !step.abandon.isEmpty, purpose == .reading { media.abandonPrefetch(of: step.abandon) }
            for (index, sid) in step.prefetch.enumerated() where !prefetch(sid, purpose) {
                // Without room for this file, there is none for the others.
                detector.withLock { $0.takeBack(Array(step.prefetch[index...])) }
                break
            }
            for query in step.queries {
                let followers = followers(query, purpose)
                steps.append(detector.withLock { $0.learn(followers, for: query) })
            }
        }
    }

    /// Prefetches a file, or its size; false when there is no room for it.
    private func prefetch(_ sid: SID, _ purpose: Purpose) -> Bool {
        do throws(CatalogError) {
            // Gone from the account meanwhile: no program will ask for it.
            guard let resource = try catalog.resource(of: sid) else { return true }
            let facts = try catalog.media.facts(of: sid)
            switch purpose {
            case .reading:
                return media.prefetch(
                    resource, facts: facts.flatMap { MediaFacts(stored: $0.facts) },
                    integrity: try catalog.media.integrity(of: sid)?.finding)
            case .describing:
                if facts == nil { media.describe(resource, priority: .readAhead) { _ in } }
                return true
            }
        } catch {
            logger.debug("\(sid): prefetching failed", error: error)
            return true
        }
    }

    private func followers(_ query: SequenceDetector.Query, _ purpose: Purpose) -> [SID] {
        guard let kind = query.after.kind else { return [] }
        do throws(CatalogError) {
            switch purpose {
            case .reading:
                return try catalog.followers(of: query.after, kind: kind, in: query.order, limit: query.count)
                    .map(\.sid)
            case .describing:
                let near = try catalog.followers(
                    of: query.after, kind: kind, in: query.order, limit: Self.reachOfDescribing)
                return near.lazy.filter { [media] in
                    $0.plaintextSize == nil && media.provisionalSize(of: $0.sid) == nil
                }.prefix(query.count).map(\.sid)
            }
        } catch {
            logger.debug("\(query.after): the files after it can't be listed", error: error)
            return []
        }
    }
}
