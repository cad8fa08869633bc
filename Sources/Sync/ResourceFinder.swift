public import Catalog
import Support
import Transfer
public import TwilioAPI

/// Finds single recordings in the catalog, or requests them from Twilio.
///
/// So programs reach files by name before the list is complete, and new files before the next refresh.
public final class ResourceFinder: Sendable {
    /// The entry of a completed recording, nil if there is none, or the failure.
    public typealias Outcome = Result<CatalogEntry?, any Error>

    private let catalog: Catalog
    private let client: TwilioClient
    /// Writes to the catalog, off the transfer thread.
    private let writer: WriteQueue
    /// The searches in progress: a recording is requested once at a time, and again only with more urgency.
    private let searches = Locked(SingleFlight<SID, @Sendable (Outcome) -> Void>())

    /// Makes a finder.
    ///
    /// - Parameter writer: the writing thread; to be shut down after the transfer client.
    public init(catalog: Catalog, client: TwilioClient, writer: WriteQueue) {
        self.catalog = catalog
        self.client = client
        self.writer = writer
    }

    /// Finds a recording.
    ///
    /// - Parameter completion: called at once if the catalog has the completed recording or can't be read, else later
    ///   on another thread. A recording that is stored as unfinished is requested again.
    public func find(_ sid: SID, of kind: MediaKind, completion: @escaping @Sendable (Outcome) -> Void) {
        do {
            if let entry = try catalog.entry(of: sid), entry.isCompleted, entry.kind == kind {
                completion(.success(entry))
                return
            }
        } catch {
            completion(.failure(error))
            return
        }
        ask(for: sid, of: kind, priority: .reader, completion: completion)
    }

    /// Requests a recording, even if the catalog has it, and stores the answer or removes the recording.
    ///
    /// A key that doesn't reach a kind any more may be answered as if its recordings didn't exist. So a recording is
    /// removed only while its list is reached.
    ///
    /// - Parameters:
    ///   - isListReached: Whether the list was fetched just now, and needn't be asked for.
    ///   - completion: Called later on another thread, with nil also for an unfinished recording.
    func ask(
        for sid: SID, of kind: MediaKind, priority: Priority, isListReached: Bool = false,
        completion: @escaping @Sendable (Outcome) -> Void
    ) {
        guard searches.withLock({ $0.join(completion, for: sid, urgency: priority.rawValue) }) else { return }
        client.resource(kind: kind, sid: sid, priority: priority) { [self] result in
            writer.run(.urgent) { [self] in
                guard !isListReached, wouldRemove(result, sid: sid) else {
                    return end(sid, priority, store(result, sid: sid))
                }
                client.page(of: kind, size: 1, priority: priority) { [self] answer in
                    writer.run(.urgent) { [self] in
                        let page = Result { try answer.get().page() }
                        end(sid, priority, page.flatMap { _ in store(result, sid: sid) })
                    }
                }
            }
        }
    }

    private func end(_ sid: SID, _ priority: Priority, _ outcome: Outcome) {
        // If one of two requests fails, the other may succeed.
        let isUsable = if case .success = outcome { true } else { false }
        let waiters = searches.withLock { $0.complete(sid, urgency: priority.rawValue, isUsable: isUsable) }
        for completion in waiters { completion(outcome) }
    }

    /// Whether an answer removes a recording that the catalog has.
    private func wouldRemove(_ result: Result<ListedResource, TwilioError>, sid: SID) -> Bool {
        guard case .failure(let error) = result, error.isTwiliosNotFound else { return false }
        return (try? catalog.entry(of: sid)) != nil
    }

    private func store(_ result: Result<ListedResource, TwilioError>, sid: SID) -> Outcome {
        switch result {
        case .success(let resource):
            Result {
                try catalog.store(resource)
                return try catalog.entry(of: sid).flatMap { $0.isCompleted ? $0 : nil }
            }
        case .failure(let error) where error.isTwiliosNotFound:
            Result {
                try catalog.remove(sid)
                return nil
            }
        case .failure(let error):
            .failure(error)
        }
    }
}
