import Catalog
import Logging
import Support
import Transfer
import TwilioAPI

/// Requests recordings one by one, a few in parallel, and stores or removes each in the catalog.
///
/// A recording that can't be requested stays as it is, and hinders no other. But if many in a row can't, or the last
/// ones, the list is requested: its failure shows that the host fails, or the account is out of reach.
final class Confirmation: Sendable {
    private struct State {
        var waiting: ArraySlice<SID>
        var running = 0
        /// The recordings that can't be requested, and the reason for the last one.
        var failed: [SID] = []
        var reason: (any Error)?
        /// The number of failures since the last answer.
        var failedInRow = 0
        /// The failure that ends everything.
        var failure: CatalogError?
        var isOver = false
    }

    private enum Step {
        case ask(SID)
        case askForList
        case end(Result<Void, CatalogError>)
        case nothing
    }

    /// The most requests in parallel.
    private static let limit = 8
    /// The most failures in a row before the list is requested.
    private static let rowLimit = 16
    /// The most failures: each may take a minute.
    private static let failureLimit = 1000
    /// The most recordings that a log line names.
    private static let namedCount = 10

    private let kind: MediaKind
    private let services: SyncServices
    private let isFrequent: Bool
    private let completion: ListCompletion
    private let state: Locked<State>

    /// Makes a confirmation; `completion` is called once, with success or with the failure of the list or the catalog.
    ///
    /// - Parameter isFrequent: whether the same recordings are soon requested again, so that failures aren't worth a
    ///   line.
    init(
        _ sids: [SID], of kind: MediaKind, isFrequent: Bool, services: SyncServices,
        completion: @escaping ListCompletion
    ) {
        self.kind = kind
        self.isFrequent = isFrequent
        self.services = services
        self.completion = completion
        state = Locked(State(waiting: sids[...]))
    }

    func start() {
        while true {
            switch state.withLock({ Self.step(&$0) }) {
            case .ask(let sid): ask(sid)
            case .askForList: return askForList()
            case .end(let result): return end(result)
            case .nothing: return
            }
        }
    }

    private static func step(_ state: inout State) -> Step {
        if state.failed.count >= failureLimit { state.waiting = [] }
        let isWanted = state.failure == nil && state.failedInRow < rowLimit
        if isWanted, state.running < limit, let sid = state.waiting.popFirst() {
            state.running += 1
            return .ask(sid)
        }
        guard state.running == 0, !state.isOver else { return .nothing }
        if state.failure == nil, state.failedInRow > 0 {
            state.running += 1
            return .askForList
        }
        state.isOver = true
        return .end(state.failure.map { .failure($0) } ?? .success(()))
    }

    private func ask(_ sid: SID) {
        // A list is asked about the recordings that it lacks.
        services.finder.ask(for: sid, of: kind, priority: .background, isListReached: true) { [self] outcome in
            state.withLock { state in
                state.running -= 1
                switch outcome {
                case .success: state.failedInRow = 0
                case .failure(let error) where (error as? TwilioError)?.isCancellation == false:
                    state.failed.append(sid)
                    state.failedInRow += 1
                    state.reason = error
                case .failure(let error):
                    state.failure = state.failure ?? Self.failure(error)
                }
            }
            start()
        }
    }

    /// Requests the list, whose answer shows that the failures are of the recordings.
    private func askForList() {
        services.client.page(of: kind, size: 1, priority: .background) { [self] answer in
            services.workers.readers.run { [self] in
                let result = Result { _ = try answer.get().page() }
                state.withLock { state in
                    state.running -= 1
                    state.failedInRow = 0
                    if case .failure(let error) = result { state.failure = Self.failure(error) }
                }
                start()
            }
        }
    }

    private func end(_ result: Result<Void, CatalogError>) {
        let (failed, reason) = state.withLock { ($0.failed, $0.reason) }
        if case .success = result, let reason {
            let names = failed.prefix(Self.namedCount).map { "\($0)" }.joined(separator: ", ")
            let message = """
                \(failed.count) of the \(kind.pluralName) can't be requested, and stay as they are: \(names)\
                \(failed.count > Self.namedCount ? " …" : "")
                """
            if isFrequent {
                services.logger.debug("\(message)", error: reason)
            } else {
                services.logger.failure("\(message)", error: reason)
            }
        }
        completion(result)
    }

    private static func failure(_ error: any Error) -> CatalogError {
        error as? CatalogError ?? CatalogError(.incompleteList, "\(error)", cause: error)
    }
}
