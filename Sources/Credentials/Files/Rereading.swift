public import Logging
import Support

/// Reads credentials and keys again: all of them when the user asks for it, one after a refusal.
///
/// One thread does all the reading, so what several requests wait for is read once. Each outcome is one log line.
public final class Rereading: Sendable {
    private let worker: WorkerPool
    private let sources = Locked<[any Rereadable]>([])
    private let observer = Locked<(@Sendable () -> Void)?>(nil)
    /// Whether the thread is to read everything, and hasn't begun to.
    private let isAskedForAll = Locked(false)
    private let logger: Logger

    /// Starts the thread.
    ///
    /// - Throws: `SystemError` when the system can't create a thread.
    public init(logger: Logger) throws {
        worker = try WorkerPool(name: "credentials", threadCount: 1)
        self.logger = logger
    }

    /// The longest wait at the end for a file that is being read: its disk may be gone.
    private static let patience = Duration.seconds(1)

    /// Ends the thread, or leaves it alone if it waits for a disk; what is asked for later is answered without reading.
    public func shutDown() { worker.shutDown(within: Self.patience) }

    /// Adds what ``readAll()`` reads.
    public func add(_ source: any Rereadable) { sources.withLock { $0.append(source) } }

    /// Has a function called after each change of any source, on the thread.
    public func whenChanged(_ observer: @escaping @Sendable () -> Void) { self.observer.withLock { $0 = observer } }

    /// Reads everything again, on the thread; once for all who ask before it begins.
    public func readAll() {
        let isFirst = isAskedForAll.withLock { isAsked in
            defer { isAsked = true }
            return !isAsked
        }
        guard isFirst else { return }
        worker.run { [self] in
            isAskedForAll.withLock { $0 = false }
            let sources = sources.withLock(\.self)
            let outcomes = sources.map { read($0, evenIfUnchanged: true) }
            // Each change and each failure has its line already.
            guard outcomes.allSatisfy({ $0 == .unchanged }) else { return }
            logger.notice(
                sources.contains { $0.isThere }
                    ? "the files with credentials and keys were read again and hold the same as before"
                    : "no file with credentials or keys can be read again: mount again to replace them")
        }
    }

    /// Reads those of all sources again whose files have changed.
    ///
    /// - Parameter completion: Called on the thread or at once, after what was read is in use.
    public func readIfChanged(completion: @escaping @Sendable () -> Void) {
        readIfChanged(sources.withLock(\.self)) { _ in completion() }
    }

    /// Reads those of some sources again whose files have changed.
    ///
    /// - Parameter completion: Called on the thread or at once, with whether something else was read.
    public func readIfChanged(
        _ sources: [any Rereadable], completion: @escaping @Sendable (_ hasChanged: Bool) -> Void
    ) {
        let isQueued = worker.run { [self] in
            // All of them: `contains` would stop at the first.
            let outcomes = sources.map { read($0, evenIfUnchanged: false) }
            completion(outcomes.contains(.changed))
        }
        if !isQueued { completion(false) }
    }

    private enum Outcome { case unchanged, changed, failed }

    private func read(_ source: any Rereadable, evenIfUnchanged: Bool) -> Outcome {
        do {
            guard try source.readAgain(evenIfUnchanged: evenIfUnchanged) else { return .unchanged }
            observer.withLock(\.self)?()
            logger.notice("\(source.name) was read again and has changed")
            return .changed
        } catch {
            logger.error("\(source.name) stays as it was: \(error.explanation)")
            return .failed
        }
    }
}
