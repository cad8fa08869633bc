import CLinux
import Foundation
import Glibc
import Support

/// Says beside the catalog that it is being written without waiting for the disk.
///
/// While a list is first brought here, waiting for the disk would take a third of the time. A process that is killed
/// loses nothing by that: what it wrote is the kernel's. But should the machine go down, the file may be anything, and
/// nothing in it would tell. So a marker with the name of the boot stays as long as the disk may lack something; who
/// finds one of another boot begins with an empty catalog.
final class BulkMarker: Sendable {
    private let path: String

    /// Held for as long as the process lives: others can tell that it is there.
    private let lock: FileLock

    /// Makes a marker; nil when the system doesn't tell its boot, or the marker can't be made: then the disk is to be
    /// waited for.
    init?(beside catalog: String) {
        guard let boot = Self.boot else { return nil }
        let path = "\(catalog)-bulk-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        let bytes = Array(boot.utf8)
        guard let lock = try? FileLock(descriptor, of: path), write(descriptor, bytes, bytes.count) == bytes.count,
            fsync(descriptor) == 0,
            Self.flushFolder(of: path)
        else {
            unlink(path)
            return nil
        }
        self.path = path
        self.lock = lock
    }

    /// Takes the marker away, once the disk has everything.
    ///
    /// - Parameter isFlushed: whether it has; if not, the marker stays.
    func end(isFlushed: Bool) {
        if isFlushed { unlink(path) }
    }

    /// Waits until the disk has everything that is in the marker's file system.
    ///
    /// Flushing the database alone would take a descriptor of its own for it, and closing one lets go of all locks that
    /// SQLite holds on the file in this process (sqlite.org/howtocorrupt.html, 2.2): another mount would take the
    /// journal away.
    func flushFileSystem() -> Bool { twiliofs_sync_file_system(lock.descriptor) == 0 }

    /// What markers beside a catalog say of it.
    enum Finding {
        /// The disk has everything.
        case none

        /// Processes of this boot have been killed: the kernel has everything, the disk may not.
        case unflushed([String])

        /// The machine went down meanwhile.
        case lost([String])
    }

    /// Looks for the markers of processes that are gone.
    static func look(beside catalog: String) -> Finding {
        let folder = (catalog as NSString).deletingLastPathComponent
        let prefix = (catalog as NSString).lastPathComponent + "-bulk-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var left: [String] = []
        var isLost = false
        for name in names where name.hasPrefix(prefix) {
            let path = "\(folder)/\(name)"
            // A marker is a file of the user's own.
            guard let descriptor = try? PrivateFile.open(path, O_RDONLY) else { continue }
            defer { close(descriptor) }
            // One that is held belongs to a mount that is at it.
            guard FileLock.isFree(descriptor) else { continue }
            left.append(path)
            if text(of: descriptor) != boot { isLost = true }
        }
        return left.isEmpty ? .none : isLost ? .lost(left) : .unflushed(left)
    }

    /// Waits until the disk has a file that this process hasn't opened with SQLite.
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

    /// The beginning of a marker, which is longer than the name of a boot.
    private static func text(of descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// The kernel's name for the time since it was started.
    private static var boot: String? {
        try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    }
}
