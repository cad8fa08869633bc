import CFUSE
import Glibc
public import Support

/// Finds the mount that a path is in, without a look into it: a dead one answers nothing, and one that hangs never.
public enum MountFinder {
    /// Links that are followed at the most, as in the kernel.
    private static let mostLinks = 40

    /// The directory on which the account is mounted that a path is in.
    ///
    /// - Parameter path: the mount point or anything in it; it needn't exist.
    /// - Throws: `mountPoint` when the path is in no mount of twiliofs, with whether there is such a path.
    public static func mountPoint(above path: String) throws(FileSystemError) -> String {
        let notFound = FileSystemError(
            .mountPoint, "'\(path)' is not in a mount of twiliofs: give the directory on which an account is mounted")
        let types = MountPoint.fileSystemTypes()
        let absolute = path.hasPrefix("/") ? path : "\(try currentDirectory())/\(path)"
        var folder: [Substring] = []
        // The names that are still to be walked, the next one at the end.
        var rest: [Substring] = absolute.split(separator: "/").reversed()
        var linkCount = 0
        while let name = rest.popLast() {
            if name == "." { continue }
            if name == ".." {
                _ = folder.popLast()
                continue
            }
            let candidate = "/" + (folder + [name]).joined(separator: "/")
            if types[candidate] == MountPoint.ourType {
                guard let left = namesAfterLeaving(rest) else { return candidate }
                rest = left
            } else if let target = target(ofLink: candidate) {
                linkCount += 1
                guard linkCount <= mostLinks else { throw notFound }
                if target.hasPrefix("/") { folder = [] }
                rest += target[...].split(separator: "/").reversed()
            } else {
                folder.append(name)
            }
        }
        // Only now: in a mount of twiliofs it would be a look into it.
        var status = stat()
        if lstat(path, &status) != 0, errno == ENOENT || errno == ENOTDIR {
            throw FileSystemError(
                .mountPoint, "there is no '\(path)': give the directory on which an account is mounted")
        }
        throw notFound
    }

    /// What is left to be walked once the names have led out of a mount by `..`; nil when they don't.
    private static func namesAfterLeaving(_ names: [Substring]) -> [Substring]? {
        var depth = 0
        for (index, name) in names.enumerated().reversed() where name != "." {
            depth += name == ".." ? -1 : 1
            if depth < 0 { return Array(names[..<index]) }
        }
        return nil
    }

    /// What a symbolic link names; nil when it isn't one.
    private static func target(ofLink path: String) -> String? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &target, target.count)
        guard count > 0 else { return nil }
        return String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The kernel knows it by name and looks at nothing.
    private static func currentDirectory() throws(FileSystemError) -> String {
        guard let name = getcwd(nil, 0) else {
            throw FileSystemError(
                .mountPoint, "the current directory can't be found: \(SystemErrorCode.current)")
        }
        defer { free(name) }
        return String(cString: name)
    }
}
