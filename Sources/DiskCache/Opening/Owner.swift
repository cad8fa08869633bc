import Foundation
import Support

/// A process as one that has reservations: a file that it keeps locked, so that others know whether it lives.
///
/// Made, and looked for, with the cache's folder locked: nobody takes one for dead that is just about to lock its file.
final class Owner: Sendable {
    /// The name, as in the index.
    let name: String

    private let path: String
    private let lock: FileLock

    /// Makes an owner.
    ///
    /// - Parameter folder: where the owners' files are.
    init(folder: String) throws(SystemError) {
        name = String(UInt64.random(in: .min ... .max), radix: 16)
        path = "\(folder)/\(name)"
        lock = try FileLock(path: path, patience: .zero)
    }

    deinit {
        // Before the lock goes; what it may have left is found by who misses the file.
        unlink(path)
    }

    /// Whether an owner's process lives and uses the cache.
    static func isAlive(_ name: String, folder: String) -> Bool {
        !FileLock.isFree(path: "\(folder)/\(name)")
    }

    /// Removes the files of owners that are no more, apart from those who still have reservations.
    ///
    /// - Returns: whether there was one. It was killed: who ends in an orderly way removes it.
    static func removeDead(folder: String, except names: Set<String>) -> Bool {
        var isFound = false
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where !names.contains(name) && !isAlive(name, folder: folder) {
            unlink("\(folder)/\(name)")
            isFound = true
        }
        return isFound
    }
}
