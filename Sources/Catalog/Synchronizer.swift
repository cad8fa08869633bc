public import Logging
import Threading
public import TwilioAPI

/// Brings the catalog up to date: one pass over each of the three lists when mounting, and again after a failure when
/// somebody asks.
///
/// Each pass runs on a thread of its own and blocks there on the network.
public final class Synchronizer: Sendable {
    private typealias Waiter = @Sendable (Result<Void, CatalogError>) -> Void

    private struct State {
        var lists: [MediaKind: ListProgress<Waiter>] = [:]
        var threads: [NamedThread] = []
        var isShutDown = false
    }

    private let catalog: Catalog
    private let client: TwilioClient
    private let logger: Logger
    private let state = Locked(State())

    /// Makes a synchronizer; ``start()`` begins the first passes.
    public init(catalog: Catalog, client: TwilioClient, logger: Logger) {
        self.catalog = catalog
        self.client = client
        self.logger = logger
    }

    /// Begins the first pass over each list.
    public func start() {
        for kind in MediaKind.allCases {
            let begins = state.withLock { $0.lists[kind, default: ListProgress()].start() }
            if begins { runPass(over: kind) }
        }
    }

    /// Calls `completion` once the whole list of a kind is in the catalog, or with the reason why it can't be.
    ///
    /// - Parameter completion: called at once when the list is complete, else on a thread of the synchronizer.
    public func whenListed(
        _ kind: MediaKind, completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void
    ) {
        let answer = state.withLock { $0.lists[kind, default: ListProgress()].request(completion) }
        switch answer {
        case .complete: completion(.success(()))
        case .startPass: runPass(over: kind)
        case .wait: break
        }
    }

    /// How far each list is.
    public func status(of kind: MediaKind) -> ListStatus {
        state.withLock { $0.lists[kind]?.status ?? .waiting }
    }

    /// Ends the passes after the page at which they are.
    ///
    /// The transfer client is to be shut down before, so that none waits for a page any more.
    public func shutDown() {
        let threads = state.withLock { state in
            state.isShutDown = true
            defer { state.threads = [] }
            return state.threads
        }
        for thread in threads { thread.join() }
    }

    private func runPass(over kind: MediaKind) {
        do {
            let thread = try NamedThread(name: "sync-\(kind.sidPrefix)") { [self] in
                let result = Result { () throws(CatalogError) in try pass(over: kind) }
                if case .failure(let error) = result { logger.error("\(error.message)") }
                finish(kind, result)
            }
            // The handles of passes that have ended are kept until the end: a failed pass is rare.
            state.withLock { $0.threads.append(thread) }
        } catch {
            finish(kind, .failure(CatalogError(.incompleteList, error.message, cause: error)))
        }
    }

    private func finish(_ kind: MediaKind, _ result: Result<Void, CatalogError>) {
        let waiters = state.withLock { $0.lists[kind, default: ListProgress()].finish(result) }
        for waiter in waiters { waiter(result) }
    }

    /// Walks a list from its first page to its last and stores what it meets.
    private func pass(over kind: MediaKind) throws(CatalogError) {
        let generation = try catalog.beginPass(over: kind)
        var next: String?
        var followed: Set<String> = []
        var count = 0
        repeat {
            if state.withLock({ $0.isShutDown }) {
                throw CatalogError(.incompleteList, "the list of \(kind.pluralName) was left off: unmounting")
            }
            let page: ResourcePage
            var resources: [MediaResource] = []
            do throws(TwilioError) {
                let link = next
                let answer = Condition<Result<ListAnswer, TwilioError>?>(nil)
                client.page(of: kind, next: link) { result in answer.change { $0 = result } }
                page = try answer.waitWithoutEnd { $0 }.get().page()
                for listed in page.resources { resources.append(try MediaResource(listed)) }
            } catch {
                throw CatalogError(.incompleteList, error.message, cause: error)
            }
            try catalog.store(resources, generation: generation)
            count += page.resources.count
            // Pages that lead back to one of them would be walked for ever.
            if let link = page.next, !followed.insert(link).inserted {
                throw CatalogError(.incompleteList, "the list of \(kind.pluralName) goes round in a circle at \(link)")
            }
            next = page.next
        } while next != nil
        try catalog.endPass(over: kind, generation: generation)
        logger.info("the list of \(kind.pluralName) is complete: \(count) resources")
    }
}
