import Support

/// Runs tasks on threads of its own, so that tests that block don't keep Swift's pool from everything else.
final class BlockingExecutor: TaskExecutor {
    /// The executor of the process.
    static let shared = BlockingExecutor()

    /// More threads than suites run at the same time: a test may have tasks that block as well.
    private static let threadCount = 32

    private let pool: WorkerPool

    private init() {
        do {
            pool = try WorkerPool(name: "tests", threadCount: Self.threadCount)
        } catch {
            fatalError("\(error)")
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.run { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
