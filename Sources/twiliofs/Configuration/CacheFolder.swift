import Foundation
import Glibc
import Support
import TwilioAPI

/// The folder of the catalog and other data that survives a restart.
enum CacheFolder {
    /// The default, for the help of options.
    static let standard = "$XDG_CACHE_HOME/twiliofs or ~/.cache/twiliofs"

    /// The folder of all accounts' folders and their common ciphertext.
    ///
    /// - Parameter option: The command line's folder; nil for the default.
    static func root(option: String?, environment: Environment) throws(Failure) -> String {
        if let option {
            guard !option.isEmpty else { throw Failure(.configuration, "--cache-dir is empty: give a folder") }
            return absolute(option)
        }
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return cache + "/twiliofs" }
        if let home = environment["HOME"] { return absolute(home) + "/.cache/twiliofs" }
        if geteuid() == 0 { return "/var/cache/twiliofs" }
        throw Failure(.cache, "there is no place for the cache, since HOME isn't set: give --cache-dir")
    }

    /// The folder of the disk cache, whose limit covers all accounts together.
    static func ciphertext(_ root: String) -> String { root + "/ciphertext" }

    /// The folder of one account, created if missing.
    static func path(
        option: String?, account: SID, region: String?, environment: Environment
    ) throws(Failure) -> String {
        // Each region has its own data under the same account SID.
        let name = region.map { "\(account).\($0)" } ?? account.description
        let root = try root(option: option, environment: environment)
        let path = root + "/" + name
        try checkWay(to: root)
        let error = make(path)
        guard error == 0 else {
            throw Failure(
                .cache,
                "the cache folder '\(path)' can't be made: \(SystemErrorCode(rawValue: error)); give another with"
                    + " --cache-dir")
        }
        do throws(PrivateFile.Refusal) {
            // Only the root may be a link.
            try PrivateFile.checkFolder(root, followsLink: true)
            try PrivateFile.checkFolder(path)
        } catch {
            throw Failure(.cache, "the cache folder can't be used: \(error)")
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            throw Failure(.cache, "the cache folder '\(path)' can't be written to: give another with --cache-dir")
        }
        return path
    }

    /// Checks that nobody else can replace the cache folder, which needn't exist.
    static func checkWay(to root: String) throws(Failure) {
        do throws(PrivateFile.Refusal) {
            try TrustedPath.check(root)
        } catch {
            throw Failure(.cache, "the cache folder '\(root)' can't be used: \(error)")
        }
    }

    /// Checks that the cache folder is a folder of the user.
    static func check(_ root: String, mayBeMissing: Bool) throws(Failure) {
        do throws(PrivateFile.Refusal) {
            try PrivateFile.checkFolder(root, followsLink: true)
        } catch {
            if error.code == .system(ENOENT) {
                if mayBeMissing { return }
                throw Failure(.cache, "there is no cache folder '\(root)': name another with --cache-dir")
            }
            throw Failure(.cache, "the cache folder can't be used: \(error)")
        }
    }

    /// Refuses a path into the mount, which would wait for itself; the path needn't exist.
    static func check(_ path: String?, what: String, isOutside mountPoint: String) throws(Failure) {
        guard let path, TrustedPath.leads(absolute(path), through: mountPoint) else { return }
        throw Failure(
            .mountPoint,
            "\(what) '\(path)' is in the mount point '\(mountPoint)', or the way to it leads through that:"
                + " give another")
    }

    /// Whether an absolute path without links leads into a folder of the cache, also through a bind mount.
    ///
    /// - Parameter isMounted: Whether something is mounted there, which may not answer.
    static func holds(_ path: String, root: String, isMounted: Bool = false) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let used = names.filter { $0.hasPrefix("AC") }.map { root + "/" + $0 } + [ciphertext(root)]
        let identities = Set(used.compactMap(Identity.init(of:)))
        var folder = path[...]
        while true {
            let isAsked = !isMounted || folder.endIndex < path.endIndex
            if isAsked, let identity = Identity(of: String(folder)), identities.contains(identity) { return true }
            guard let slash = folder.lastIndex(of: "/"), folder.count > 1 else { return false }
            folder = slash == folder.startIndex ? "/" : folder[..<slash]
        }
    }

    /// A folder's identity, the same by all paths.
    private struct Identity: Hashable {
        let device: dev_t
        let number: ino_t

        init?(of path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, number) = (status.st_dev, status.st_ino)
        }
    }

    /// Makes a folder for the user alone, and its missing ancestors.
    ///
    /// - Returns: An `errno`; 0 for success, and for an existing path of any type.
    private static func make(_ path: String) -> Int32 {
        guard mkdir(path, 0o700) != 0 else { return 0 }
        let error = errno
        let parent = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
        guard error == ENOENT, !parent.isEmpty else { return error == EEXIST ? 0 : error }
        let errorAbove = make(String(parent))
        guard errorAbove == 0 else { return errorAbove }
        return mkdir(path, 0o700) == 0 || errno == EEXIST ? 0 : errno
    }

    /// Makes a path absolute, so that it stays valid when the working directory changes.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
