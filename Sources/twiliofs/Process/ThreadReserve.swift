import Support

/// The check for the threads that a mount may need.
///
/// Without threads, a mount can be neither used nor unmounted, and its libraries wait forever. The limit may come from
/// the user (`ulimit -u`), a control group or the system, so the check starts as many threads as a mount may need.
enum ThreadReserve {
    /// The number of threads for serving, decrypting, transfers, the catalog, libraries and mount helpers.
    private static let count = 64

    /// Starts the threads and ends them; throws ``Failure`` if the system allows fewer.
    static func check() throws(Failure) {
        let isOver = Condition(false)
        var threads: [NamedThread] = []
        defer {
            isOver.change { $0 = true }
            for thread in threads { thread.join() }
        }
        do throws(SystemError) {
            for _ in 0..<count { threads.append(try NamedThread(name: "reserve") { isOver.waitUntil { $0 } }) }
        } catch {
            throw Failure(
                .configuration,
                "only \(threads.count) more threads can be started, \(count) are required: raise the limit of processes"
                    + " (ulimit -u; TasksMax= in a systemd unit)")
        }
    }
}
