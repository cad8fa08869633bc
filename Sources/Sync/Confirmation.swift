import Catalog
import Support
import Transfer
import TwilioAPI

/// Requests recordings one by one, a few in parallel, and stores or removes each in the catalog.
final class Confirmation: Sendable {
    private struct State {
        var waiting: ArraySlice<SID>
        var running = 0
        var failure: CatalogError?
        var isOver = false
    }

    /// The most requests in parallel.
    private static let limit = 8

    private let kind: MediaKind
    private let finder: ResourceFinder
    private let completion: ListCompletion
    private let state: Locked<State>

    /// Makes a confirmation; `completion` is called once, with success or with the first failure.
    init(_ sids: [SID], of kind: MediaKind, finder: ResourceFinder, completion: @escaping ListCompletion) {
        self.kind = kind
        self.finder = finder
        self.completion = completion
        state = Locked(State(waiting: sids[...]))
    }

    func start() {
        enum Step {
            case ask(SID)
            case end(Result<Void, CatalogError>)
            case nothing
        }
        while true {
            let step = state.withLock { state -> Step in
                if state.failure == nil, state.running < Self.limit, let sid = state.waiting.popFirst() {
                    state.running += 1
                    return .ask(sid)
                }
                guard state.running == 0, !state.isOver else { return .nothing }
                state.isOver = true
                return .end(state.failure.map { .failure($0) } ?? .success(()))
            }
            switch step {
            case .ask(let sid): ask(sid)
            case .end(let result): completion(result)
            case .nothing: return
            }
        }
    }

    private func ask(_ sid: SID) {
        // A list is asked about the recordings that it lacks.
        finder.ask(for: sid, of: kind, priority: .background, isListReached: true) { [self] outcome in
            state.withLock { state in
                state.running -= 1
                if case .failure(let error) = outcome, state.failure == nil {
                    state.failure = error as? CatalogError ?? CatalogError(.incompleteList, "\(error)", cause: error)
                }
            }
            start()
        }
    }
}
