import Glibc
import Support

/// Keeps the processes of this program from putting a mount in a place, or taking one away, at the same time.
///
/// It is a lock on the folder above; other programs don't know it.
final class PlaceLock {
    /// The longest wait for other processes that mount in the same folder, each until its mount answers.
    private static let patience = Duration.seconds(10)

    /// The lock; nil where the folder can't be locked, and once it was released.
    private var lock: FileLock?

    /// Locks the folder above a mount point: an absolute path.
    init(of mountPoint: String) {
        let folder = mountPoint.lastIndex(of: "/").map { mountPoint[..<$0] } ?? ""
        let path = folder.isEmpty ? "/" : String(folder)
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        lock = descriptor < 0 ? nil : try? FileLock(descriptor, of: path, patience: Self.patience)
    }

    /// Lets others go on.
    func release() { lock = nil }
}
