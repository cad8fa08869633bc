import Foundation
import Glibc
public import Testing

/// A small file system of its own; needs root.
public final class SmallFileSystem {
    /// Why tests are skipped.
    public static let reason: Comment = "mounting a file system of a test's own needs root"

    /// Whether it can be made.
    public static let isPossible = getuid() == 0

    /// Where it is.
    public let path: String
    private let folder: TemporaryFolder

    /// Makes an empty one.
    ///
    /// - Parameter options: those of tmpfs(5).
    public init(_ options: String) throws {
        folder = try TemporaryFolder()
        path = try folder.folder("mount")
        try Command.require(["mount", "-t", "tmpfs", "-o", options, "none", path])
    }

    deinit {
        umount2(path, 2 /* MNT_DETACH */)
    }

    /// Changes its options.
    public func remount(_ options: String) throws {
        try Command.require(["mount", "-o", "remount,\(options)", path])
    }

    /// Fills it with other things.
    ///
    /// - Throws: when there is no room for them: what is left of them then fills nothing.
    public func fill(_ bytes: Int, _ name: String = "ballast") throws {
        try Data(count: bytes).write(to: URL(filePath: "\(path)/\(name)"))
    }

    /// Fills it as far as it goes, but for some bytes.
    public func fillUp(but bytes: Int64) throws {
        try fill(Int(try free - bytes))
    }

    /// Makes the room free again.
    public func empty(_ name: String = "ballast") {
        unlink("\(path)/\(name)")
    }

    /// Bytes that are free.
    public var free: Int64 {
        get throws {
            let text = try Command.require(["stat", "-f", "-c", "%a %S", path]).text
            let numbers = text.split(whereSeparator: \.isWhitespace).compactMap { Int64($0) }
            return numbers[0] * numbers[1]
        }
    }
}
