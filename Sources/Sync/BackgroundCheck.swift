import Catalog
import Logging
import Support

/// Checks a large catalog step by step while it is used, if it wasn't checked when it was opened.
///
/// For a million entries, the first step takes about a second of processor time, in one read transaction. The next
/// steps take a hundredth of a second each second, for some minutes, and read the whole file once: a gigabyte, five
/// megabytes at a time. No other thread has a lower priority. Writers don't wait for the check, but SQLite can't
/// restart its journal during the first step.
final class BackgroundCheck: Sendable {
    private enum Step: Equatable {
        case whole
        case rows(after: Int64)
        case nothing
    }

    private struct State {
        /// The database under check; nil before the first look.
        var epoch: Int?
        var step = Step.nothing
        var due: ContinuousClock.Instant
        var isRunning = false
    }

    /// The number of entries in a step.
    private static let pieceLength = 5000
    /// The pause after a failed step.
    private static let retryPause: Duration = .seconds(60)

    private let catalog: Catalog
    private let workers: SyncWorkers
    private let pause: Duration
    private let logger: Logger
    private let state: Locked<State>

    init(catalog: Catalog, settings: SyncSettings, workers: SyncWorkers, logger: Logger) {
        self.catalog = catalog
        self.workers = workers
        self.logger = logger
        pause = settings.checkPause
        state = Locked(State(due: ContinuousClock.now + settings.checkDelay))
    }

    /// Whether the current database needs no further step; for tests.
    var isDone: Bool {
        let opened = catalog.opened
        return state.withLock { $0.epoch == opened.epoch && $0.step == .nothing }
    }

    /// Starts the next step if it is due; to be called at least once a second.
    func look() {
        let opened = catalog.opened
        let step = state.withLock { state -> Step in
            if state.epoch != opened.epoch {
                state.epoch = opened.epoch
                state.step = opened.isChecked ? .nothing : .whole
            }
            guard !state.isRunning, state.due <= .now, state.step != .nothing else { return .nothing }
            state.isRunning = true
            return state.step
        }
        guard step != .nothing else { return }
        workers.checker.run { [self] in take(step, of: opened.epoch) }
    }

    private func take(_ step: Step, of epoch: Int) {
        var (next, pause) = (Step.nothing, self.pause)
        do throws(CatalogError) {
            switch step {
            case .whole:
                try catalog.checkWhole { [workers] in !workers.isEnding.withLock { $0 } }
                next = .rows(after: 0)
            case .rows(let position):
                if let last = try catalog.checkRows(after: position, limit: Self.pieceLength) {
                    next = .rows(after: last)
                }
            case .nothing:
                break
            }
        } catch {
            // A damaged file is already set aside and logged. Other failures may pass.
            logger.debug("the catalog can't be checked", error: error)
            (next, pause) = (step, Self.retryPause)
        }
        state.withLock { state in
            state.isRunning = false
            guard state.epoch == epoch else { return }
            state.step = next
            state.due = ContinuousClock.now + pause
        }
    }
}
