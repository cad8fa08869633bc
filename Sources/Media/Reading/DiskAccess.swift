import Logging
import Support

/// Accesses of the disk cache, on threads of their own, with a deadline.
///
/// A disk that hangs must not keep readers from the network. An access that takes too long is given up: its thread goes
/// on, and its result doesn't count. While such a thread hangs, the cache counts as empty.
final class DiskAccess: Sendable {
    private struct Access {
        let deadline: ContinuousClock.Instant

        /// The work, until a thread begins it: what is given up before keeps no memory.
        var work: (@Sendable () -> Void)?
        let giveUp: @Sendable () -> Void
    }

    private struct State {
        var accesses: [Int: Access] = [:]
        var count = 0

        /// Accesses that were given up and whose threads hang.
        var hung: Set<Int> = []
        var isShutDown = false
    }

    /// The longest wait for the disk; the network is hardly slower.
    static let patience = Duration.seconds(4)

    private let state = Condition(State())
    let workers: WorkerPool
    private let now: @Sendable () -> ContinuousClock.Instant
    private let logger: Logger
    private let watch = Locked<NamedThread?>(nil)

    init(workers: WorkerPool, now: @escaping @Sendable () -> ContinuousClock.Instant, logger: Logger) {
        self.workers = workers
        self.now = now
        self.logger = logger
    }

    /// Whether a thread hangs in an access that was given up.
    var isHung: Bool { state.change { !$0.hung.isEmpty } }

    /// Starts the thread that gives up accesses.
    func startWatch() throws(SystemError) {
        let thread = try NamedThread(name: "disk-watch") { [self] in
            while waitForAccess() { giveUpOverdue() }
        }
        watch.withLock { $0 = thread }
    }

    /// Waits a second if there are accesses, else for one; false at the end.
    private func waitForAccess() -> Bool {
        let isEnd = state.waitWithoutEnd { state -> Bool? in
            state.isShutDown ? true : state.accesses.isEmpty ? nil : false
        }
        if isEnd { return false }
        return state.wait(timeout: .seconds(1)) { $0.isShutDown ? true : nil } == nil
    }

    /// Runs `body` on a thread for the disk, then calls `completion` there; with nil, on another thread or at once, if
    /// the disk hangs.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value, completion: @escaping @Sendable (Value?) -> Void
    ) {
        let number = state.change { state -> Int? in
            guard state.hung.isEmpty, !state.isShutDown else { return nil }
            state.count += 1
            let number = state.count
            let work: @Sendable () -> Void = { [self] in
                let value = body()
                if end(number) { completion(value) }
            }
            state.accesses[number] = Access(
                deadline: now() + Self.patience, work: work, giveUp: { completion(nil) })
            return number
        }
        guard let number else { return completion(nil) }
        let isTaken = workers.run { [self] in state.change { $0.accesses[number]?.work.take() }?() }
        if !isTaken, end(number) { completion(nil) }
    }

    /// Ends an access; false if it was given up.
    private func end(_ number: Int) -> Bool {
        let (isInTime, isWell) = state.change { state in
            let wasHung = state.hung.remove(number) != nil
            return (state.accesses.removeValue(forKey: number) != nil, wasHung && state.hung.isEmpty)
        }
        if isWell { logger.notice("the disk cache answers again") }
        return isInTime
    }

    /// Gives up the accesses that take too long.
    func giveUpOverdue() {
        let (overdue, isFirst) = state.change { state in
            let wasWell = state.hung.isEmpty
            let overdue = state.accesses.filter { $0.value.deadline <= now() }
            for (number, access) in overdue {
                state.accesses[number] = nil
                if access.work == nil { state.hung.insert(number) }
            }
            return (overdue.values.map(\.giveUp), wasWell && !state.hung.isEmpty)
        }
        if isFirst { logger.warning("the disk cache doesn't answer; media is fetched from the network until it does") }
        for giveUp in overdue { giveUp() }
    }

    /// Ends the threads, unless one hangs in the disk: then the end isn't kept waiting for it.
    func shutDown() {
        state.change { $0.isShutDown = true }
        watch.withLock { $0.take() }?.join()
        giveUpAll()
        if !isHung { workers.shutDown() }
    }

    /// Gives up what hasn't begun, and what runs if it doesn't end soon.
    private func giveUpAll() {
        let isDone = state.waitUntil(timeout: Self.patience) { state in
            state.accesses.values.allSatisfy { $0.work != nil }
        }
        let rest = state.change { state in
            defer { state.accesses = [:] }
            if !isDone { state.hung.formUnion(state.accesses.filter { $0.value.work == nil }.keys) }
            return state.accesses.values.map(\.giveUp)
        }
        for giveUp in rest { giveUp() }
    }
}
