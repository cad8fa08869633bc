package import Catalog
package import Logging
package import Media
package import Support
import Transfer
public import TwilioAPI

/// Prefetches an account's media for programs that read files in order, and sizes for those that list them.
///
/// Without it, a backup of small files over a link with a latency of 50 ms mostly waits for the network. Reporting an
/// access only wakes a thread: decisions and catalog queries run on that thread.
public final class Prefetcher: Sendable {
    /// The number of accesses elsewhere that end a sequence of reads: its prefetched files take memory.
    private static let patienceOfReading = 16

    /// The number of accesses elsewhere that end a sequence of requests for sizes.
    ///
    /// It is large, because sizes take no memory, and known and unknown sizes come in long runs.
    private static let patienceOfDescribing = 256

    /// The number of next files to search for unknown sizes.
    private static let reachOfDescribing = 256

    private enum Purpose { case reading, describing }

    private let catalog: Catalog
    private let media: any PrefetchableMedia
    private let logger: Logger
    private let worker: WorkerPool

    // Changed by the worker's thread alone.
    private let reading = Locked(SequenceDetector(patience: patienceOfReading))
    private let describing = Locked(SequenceDetector(patience: patienceOfDescribing))

    /// Makes a prefetcher.
    ///
    /// - Parameter worker: A single thread, which accounts may share.
    package init(catalog: Catalog, library: any PrefetchableMedia, worker: WorkerPool, logger: Logger) {
        self.catalog = catalog
        media = library
        self.worker = worker
        self.logger = logger
    }

    // MARK: Accesses

    /// Reports that a file was opened.
    public func didOpen(_ sid: SID) { report(.reading) { $0.access(sid) } }

    /// Reports that an open file was read to its end.
    public func didReadToEnd(_ sid: SID) { report(.reading) { $0.finish(sid) } }

    /// Reports that an open file was closed, or failed to open.
    public func didClose(_ sid: SID) { report(.reading) { $0.close(sid) } }

    /// Reports that a program asked for a file's size.
    ///
    /// - Parameter isKnown: Whether the size was known. If so, the access begins no sequence, but continues an
    ///   established one, whose files were described ahead.
    public func didAskSize(of sid: SID, isKnown: Bool) {
        if isKnown, !describing.withLock({ $0.isPrefetching }) { return }
        report(.describing) { detector in
            var step = detector.access(sid, mayBegin: !isKnown)
            step += detector.finish(sid)
            return step
        }
    }

    // MARK: Actions

    private func report(
        _ purpose: Purpose, _ change: @escaping @Sendable (inout SequenceDetector) -> SequenceDetector.Step
    ) {
        worker.run { [self] in carryOut(detector(purpose).withLock { change(&$0) }, purpose) }
    }

    private func detector(_ purpose: Purpose) -> Locked<SequenceDetector> {
        purpose == .reading ? reading : describing
    }

    private func carryOut(_ step: SequenceDetector.Step, _ purpose: Purpose) {
        let detector = detector(purpose)
        var steps = [step]
        while let step = steps.popLast() {
            if !step.abandon.isEmpty, purpose == .reading { media.abandonPrefetch(of: step.abandon) }
            for (index, sid) in step.prefetch.enumerated() where !prefetch(sid, purpose) {
                // Without room for this file, there is none for the next ones.
                detector.withLock { $0.takeBack(Array(step.prefetch[index...])) }
                break
            }
            for query in step.queries {
                let followers = followers(query, purpose)
                steps.append(detector.withLock { $0.learn(followers, for: query) })
            }
        }
    }

    /// Prefetches a file or its size; false if there is no room.
    private func prefetch(_ sid: SID, _ purpose: Purpose) -> Bool {
        do throws(CatalogError) {
            // A file that has left the account needs no prefetching.
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
        let reach = purpose == .reading ? query.count : Self.reachOfDescribing
        do throws(CatalogError) {
            let next = try catalog.followers(of: query.after, kind: kind, in: query.order, limit: reach)
            guard purpose == .describing else { return next.map(\.sid) }
            let unsized = next.lazy.filter { [media] in
                $0.plaintextSize == nil && media.provisionalSize(of: $0.sid) == nil
            }
            return unsized.prefix(query.count).map(\.sid)
        } catch {
            logger.debug("\(query.after): the files after it can't be listed", error: error)
            return []
        }
    }
}

extension StoredIntegrity {
    /// The stored verdict on all of the media; nil before all of it was read.
    package var finding: Integrity? {
        switch self {
        case .verified: .verified
        case .failed: .failed
        case .unverified, .none: nil
        }
    }
}
