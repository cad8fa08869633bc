import Dispatch

/// The descriptors of libdispatch, on which libraries run work of theirs.
///
/// libdispatch opens them at the first use of its threads, and ends the process where none is left. So they are opened
/// before the mount, when a lack of descriptors has been told with a sentence.
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
