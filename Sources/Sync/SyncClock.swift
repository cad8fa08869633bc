import Support

/// A thread that polls the due tasks of some accounts, once a second and when it is woken.
final class SyncClock: Sendable {
    /// Starts due tasks, and returns the next deadline.
    typealias Look = @Sendable () -> ContinuousClock.Instant?

    private struct State {
        var looks: [Look] = []
        var isWoken = false
        var isShutDown = false
    }

    private static let interval: Duration = .seconds(1)

    private let state = Condition(State())
    private let thread = Locked<NamedThread?>(nil)

    /// Polls an account from now on; the first account starts the thread.
    func add(_ look: @escaping Look) throws(SystemError) {
        let isFirst = state.change { state in
            state.looks.append(look)
            state.isWoken = true
            return state.looks.count == 1
        }
        guard isFirst else { return }
        do throws(SystemError) {
            try start()
        } catch {
            // The next one has to start it.
            state.change { $0.looks = [] }
            throw error
        }
    }

    private func start() throws(SystemError) {
        let thread = try NamedThread(name: "sync") { [state] in
            var next: ContinuousClock.Instant?
            while true {
                let pause = next.map { min(Self.interval, max(.zero, $0 - .now)) } ?? Self.interval
                let isOver = state.wait(timeout: pause) { state -> Bool? in
                    defer { state.isWoken = false }
                    return state.isShutDown ? true : state.isWoken ? false : nil
                }
                if isOver == true { return }
                next = state.change { $0.looks }.compactMap { $0() }.min()
            }
        }
        self.thread.withLock { $0 = thread }
    }

    func wake() { state.change { $0.isWoken = true } }

    /// Ends the thread, and releases all accounts.
    func shutDown() {
        state.change { state in
            state.isShutDown = true
            state.looks = []
        }
        thread.withLock { $0 }?.join()
    }
}
