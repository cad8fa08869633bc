import CFUSE
import Glibc
public import Support

/// Finds the mount of a path without accessing it: a dead mount returns errors, and a hung one never answers.
public enum MountFinder {
    /// The greatest number of links to follow, as in the kernel.
    private static let mostLinks = 40

    /// The mount point above a path.
    ///
    /// - Parameter path: The mount point or a path in it; it needn't exist.
    /// - Throws: `mountPoint` for a path outside of the mounts of twiliofs, or for a missing path.
    public static func mountPoint(above path: String) throws(FileSystemError) -> String {
        let notFound = FileSystemError(
            .mountPoint, "'\(path)' is not in a mount of twiliofs: give the directory on which an account is mounted")
        let table = MountTable.current
        let absolute = path.hasPrefix("/") ? path : "\(try currentDirectory())/\(path)"
        var folder: [Substring] = []
        // The remaining names, the next one last.
        var rest: [Substring] = absolute.split(separator: "/").reversed()
        var linkCount = 0
        while let name = rest.popLast() {
            if name == "." { continue }
            if name == ".." {
                _ = folder.popLast()
                continue
            }
            let candidate = "/" + (folder + [name]).joined(separator: "/")
            if table.top(on: candidate)?.isOurs == true {
                guard let left = namesAfterLeaving(rest) else { return candidate }
                rest = left
            } else if let target = linkTarget(of: candidate) {
                linkCount += 1
                guard linkCount <= mostLinks else { throw notFound }
                if target.hasPrefix("/") { folder = [] }
                rest += target.split(separator: "/").reversed()
            } else {
                folder.append(name)
            }
        }
        // `lstat` comes last, since it would access the mount if the path were in one.
        var status = stat()
        if lstat(path, &status) != 0, errno == ENOENT || errno == ENOTDIR {
            throw FileSystemError(
                .mountPoint, "there is no '\(path)': give the directory on which an account is mounted")
        }
        throw notFound
    }

    /// The remaining names once `..` has led out of a mount; nil if it doesn't.
    private static func namesAfterLeaving(_ names: [Substring]) -> [Substring]? {
        var depth = 0
        for (index, name) in names.enumerated().reversed() where name != "." {
            depth += name == ".." ? -1 : 1
            if depth < 0 { return Array(names[..<index]) }
        }
        return nil
    }

    /// The current directory, which the kernel knows without accessing it.
    static func currentDirectory() throws(FileSystemError) -> String {
        guard let name = getcwd(nil, 0) else {
            throw FileSystemError(.mountPoint, "the current directory can't be found: \(SystemErrorCode.current)")
        }
        defer { free(name) }
        return String(cString: name)
    }
}
