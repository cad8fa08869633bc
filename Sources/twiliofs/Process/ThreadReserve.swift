import Support

/// The threads that a mount may come to need, and how to find out whether the system has as many.
///
/// A mount that has no thread left can't be used and can't be unmounted, and the libraries below wait for a thread for
/// ever. The limit can be one of the user (`ulimit -u`), of a control group or of the system, so it isn't read but
/// tried.
enum ThreadReserve {
    /// Threads that serve, decrypt, transfer and look after the catalog, those of libraries, and programs that are
    /// run to mount and to unmount.
    private static let count = 64

    /// Starts as many threads as are needed at most, and ends them.
    ///
    /// - Throws: ``Failure`` when there are fewer.
    static func check() throws(Failure) {
        let isOver = Condition(false)
        var threads: [NamedThread] = []
        defer {
            isOver.change { $0 = true }
            for thread in threads { thread.join() }
        }
        do throws(SystemError) {
            for _ in 0..<count {
                threads.append(try NamedThread(name: "reserve") { isOver.waitUntil { $0 } })
            }
        } catch {
            throw Failure(
                .configuration,
                "only \(threads.count) more threads can be started, \(count) are required: raise the limit of processes"
                    + " (ulimit -u; TasksMax= in a systemd unit)")
        }
    }
}
