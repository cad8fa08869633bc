import Catalog
import Logging
import Support

/// Checks a catalog that was too large to be checked when it was opened, step by step, while it is used.
///
/// For a million entries, the first step takes about a second of processor time, in one read transaction. The steps
/// that follow take a hundredth of a second in each second for some minutes, and read the whole file once: a gigabyte,
/// five megabytes at a time. The thread has the lowest priority. Writers don't wait for it; SQLite can't restart its
/// journal during the first step.
final class BackgroundCheck: Sendable {
    /// A step.
    private enum Step {
        case whole
        case rows(after: Int64)
        case nothing
    }

    private struct State {
        /// The database that is checked; nil before the first look.
        var epoch: Int?
        var step = Step.nothing
        var due: ContinuousClock.Instant
        var isRunning = false
    }

    /// Entries of a step.
    private static let pieceLength = 5000

    /// The time after a step that failed for another reason than damage until the next attempt.
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

    /// Whether nothing is left to check.
    var isDone: Bool {
        let opened = catalog.opened
        return state.withLock { state in
            guard state.epoch == opened.epoch, case .nothing = state.step else { return false }
            return true
        }
    }

    /// Begins the next step if it is due; to be called once a second or more often.
    func look() {
        let opened = catalog.opened
        let step = state.withLock { state -> Step in
            if state.epoch != opened.epoch {
                state.epoch = opened.epoch
                state.step = opened.isChecked ? .nothing : .whole
            }
            guard !state.isRunning, state.due <= .now else { return .nothing }
            if case .nothing = state.step { return .nothing }
            state.isRunning = true
            return state.step
        }
        if case .nothing = step { return }
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
            // A damaged file is set aside by now, and that was logged. Other reasons may be over later.
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
