import Foundation
import Glibc
import TestSupport

/// What befalls the cache folder, as in the first column of the table in `doc/semantics.md`.
enum DiskFailure: String, CaseIterable {
    case full
    case readOnly = "read-only"
    case removed
}

/// A disk with a cache folder, to which something happens.
final class FailingDisk {
    /// The cache folder.
    var folder: String { "\(path)/cache" }

    private let failure: DiskFailure
    private let files: TemporaryFolder
    private let path: String

    init(_ failure: DiskFailure) throws {
        self.failure = failure
        files = try TemporaryFolder()
        path = try files.folder("disk")
        let image = files.path("image")
        switch failure {
        case .full, .removed: try Command.require(["mount", "-t", "tmpfs", "-o", "size=48m", "none", path])
        case .readOnly:
            try Command.shell(
                #"truncate -s 64M "$1" && mkfs.ext4 -q "$1" && mount -o loop "$1" "$2""#, image, path)
        }
    }

    deinit { umount2(path, 2 /* MNT_DETACH */) }

    /// Has it happen.
    func fail() throws {
        switch failure {
        case .full: _ = try Command.run(["dd", "if=/dev/zero", "of=\(path)/ballast", "bs=4096"])
        // As ext4 does by itself when the disk below fails.
        case .readOnly: _ = try Command.run(["mount", "-o", "remount,abort", path])
        case .removed: try Command.require(["rm", "-rf", folder])
        }
    }

    /// Ends it, where that is possible.
    func recover() { if failure == .full { unlink("\(path)/ballast") } }
}
