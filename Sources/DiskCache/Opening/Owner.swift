import Foundation
import Support

/// A process with reservations, represented by a file that it keeps locked while it lives.
///
/// Owners are created and searched with the cache's folder locked, so an owner that hasn't locked its file yet is not
/// taken for dead.
final class Owner: Sendable {
    let name: String

    private let path: String
    private let lock: FileLock

    /// Makes an owner, with a file in the folder of owners.
    init(folder: String) throws(SystemError) {
        name = String(UInt64.random(in: .min ... .max), radix: 16)
        path = "\(folder)/\(name)"
        lock = try FileLock(path: path, patience: .zero)
    }

    deinit {
        // The file is removed before the lock is released, so that this process isn't taken for a killed one. Other
        // processes cancel the reservations of an owner without a file.
        unlink(path)
    }

    static func isAlive(_ name: String, folder: String) -> Bool {
        !FileLock.isFree(path: "\(folder)/\(name)")
    }

    /// Removes the files of dead owners, except those with reservations.
    ///
    /// Returns whether a file was removed: its process was killed, since an orderly exit removes the file.
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
