import Dispatch

/// The descriptors of libdispatch, whose threads work for other libraries.
///
/// libdispatch opens them when its first thread starts, and ends the process if there is no free descriptor. A mount
/// may run out of descriptors later, so it opens them at its start.
enum DispatchDescriptors {
    /// Has libdispatch open its descriptors: those of its threads, and that of its timers.
    static func open() {
        let isDone = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(1)) { isDone.signal() }
        }
        isDone.wait()
    }
}
