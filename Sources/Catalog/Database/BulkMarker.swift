import CLinux
import Foundation
import Glibc
import Support

/// A file beside the catalog that marks unflushed writes.
///
/// During the first fetch of a list, flushing would take a third of the time. A killed process loses nothing, since
/// the kernel has its writes. But a crash of the machine may damage the file without a trace. So a marker with the boot
/// ID exists while the disk may lack writes. A mount that finds a marker of another boot starts with an empty catalog.
final class BulkMarker: Sendable {
    private let path: String
    /// Held while this object lives, so that other mounts don't take the marker for that of a process that has ended.
    private let lock: FileLock

    /// Makes a marker; returns nil when that fails or there is no boot ID, and then SQLite has to flush its writes.
    init?(beside catalog: String) {
        guard let boot = Self.boot else { return nil }
        let path = "\(catalog)-bulk-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        let bytes = Array(boot.utf8)
        guard let lock = try? FileLock(descriptor, of: path), write(descriptor, bytes, bytes.count) == bytes.count,
            fsync(descriptor) == 0, Self.flushFolder(of: path)
        else {
            unlink(path)
            return nil
        }
        self.path = path
        self.lock = lock
    }

    /// Removes the marker, if the disk has everything.
    func end(isFlushed: Bool) {
        if isFlushed { unlink(path) }
    }

    /// Flushes the file system of the marker.
    ///
    /// Flushing the database alone would need another descriptor of its file. Closing that descriptor would release all
    /// locks of SQLite on the file in this process (sqlite.org/howtocorrupt.html, 2.2), and another mount would remove
    /// the journal.
    func flushFileSystem() -> Bool { twiliofs_sync_file_system(lock.descriptor) == 0 }

    /// The state of the catalog according to its markers.
    enum Finding {
        /// The disk has everything.
        case none
        /// Processes of this boot were killed: the kernel has everything, the disk may not.
        case unflushed([String])
        /// The machine went down before a flush.
        case lost([String])
    }

    /// Finds the markers of processes that have ended.
    static func look(beside catalog: String) -> Finding {
        let folder = (catalog as NSString).deletingLastPathComponent
        let prefix = (catalog as NSString).lastPathComponent + "-bulk-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var left: [String] = []
        var isLost = false
        for name in names where name.hasPrefix(prefix) {
            let path = "\(folder)/\(name)"
            // A file that others can change isn't a marker.
            guard let descriptor = try? PrivateFile.open(path, O_RDONLY) else { continue }
            defer { close(descriptor) }
            // A locked marker belongs to a mount that is still writing.
            guard FileLock.isFree(descriptor) else { continue }
            left.append(path)
            if text(of: descriptor) != boot { isLost = true }
        }
        return left.isEmpty ? .none : isLost ? .lost(left) : .unflushed(left)
    }

    /// Flushes a file that this process hasn't opened with SQLite; a missing file needs no flush.
    static func flush(_ path: String) -> Bool {
        do throws(PrivateFile.Refusal) {
            let descriptor = try PrivateFile.open(path, O_RDONLY)
            defer { close(descriptor) }
            return fsync(descriptor) == 0
        } catch {
            return error.code == .system(ENOENT)
        }
    }

    private static func flushFolder(of path: String) -> Bool {
        let descriptor = open((path as NSString).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return fsync(descriptor) == 0
    }

    /// The first 256 bytes of a marker; a boot ID is shorter.
    private static func text(of descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// The kernel's boot ID.
    private static var boot: String? {
        try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    }
}
