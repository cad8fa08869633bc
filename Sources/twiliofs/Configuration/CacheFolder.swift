import Foundation
import Glibc
import Support
import TwilioAPI

/// Where the catalog and other things that survive a restart are kept.
enum CacheFolder {
    /// The folder in which everything is: one for each account, and one for the ciphertext of all.
    ///
    /// - Parameter option: what was given on the command line; default `$XDG_CACHE_HOME/twiliofs`, else
    ///   `~/.cache/twiliofs`.
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

    /// The folder of the disk cache, whose limit is for all accounts together.
    static func ciphertext(_ root: String) -> String { root + "/ciphertext" }

    /// The folder of one account.
    ///
    /// - Parameter option: what was given on the command line.
    static func path(
        option: String?, account: SID, region: String?, environment: Environment
    ) throws(Failure) -> String {
        // A region's data is apart from the other regions', under the same account SID.
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
            // The user may have it elsewhere; below it nothing is a link.
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

    /// Checks that nobody else can put another folder in the place of the cache folder, which needn't exist.
    static func checkWay(to root: String) throws(Failure) {
        do throws(PrivateFile.Refusal) {
            try TrustedPath.check(root)
        } catch {
            throw Failure(.cache, "the cache folder '\(root)' can't be used: \(error)")
        }
    }

    /// Checks that the cache folder is one, and the user's own.
    ///
    /// - Parameter mayBeMissing: whether there needn't be any yet.
    static func check(_ root: String, mayBeMissing: Bool) throws(Failure) {
        do throws(PrivateFile.Refusal) {
            // The user may have it elsewhere.
            try PrivateFile.checkFolder(root, followsLink: true)
        } catch {
            if error.code == .system(ENOENT) {
                if mayBeMissing { return }
                throw Failure(.cache, "there is no cache folder '\(root)': name another with --cache-dir")
            }
            throw Failure(.cache, "the cache folder can't be used: \(error)")
        }
    }

    /// Refuses a file or folder in the mount: the mount would wait for itself.
    ///
    /// - Parameters:
    ///   - path: of the file or folder, which needn't exist; nil for none.
    ///   - what: what it is, as messages call it.
    static func check(_ path: String?, what: String, isOutside mountPoint: String) throws(Failure) {
        guard let path, TrustedPath.leads(absolute(path), through: mountPoint) else { return }
        throw Failure(
            .mountPoint,
            "\(what) '\(path)' is in the mount point '\(mountPoint)', or the way to it leads through that:"
                + " give another")
    }

    /// Whether a folder is one of those in the cache folder that mounts use, or somewhere in one, whatever way leads
    /// there: they may be bound to other places.
    ///
    /// - Parameter path: an absolute path without links in it.
    static func holds(_ path: String, root: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let used = names.filter { $0.hasPrefix("AC") }.map { root + "/" + $0 } + [ciphertext(root)]
        let identities = Set(used.compactMap(Identity.init(of:)))
        var folder = path[...]
        while true {
            if let identity = Identity(of: String(folder)), identities.contains(identity) { return true }
            guard let slash = folder.lastIndex(of: "/"), folder.count > 1 else { return false }
            folder = slash == folder.startIndex ? "/" : folder[..<slash]
        }
    }

    /// What makes a folder the same one by all ways to it.
    private struct Identity: Hashable {
        let device: dev_t
        let number: ino_t

        init?(of path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            (device, number) = (status.st_dev, status.st_ino)
        }
    }

    /// Makes a folder for the user alone, and those above it that are missing.
    ///
    /// - Returns: 0, or why it can't be made, as a value of `errno`; 0 also where there is something else already.
    private static func make(_ path: String) -> Int32 {
        guard mkdir(path, 0o700) != 0 else { return 0 }
        let error = errno
        let parent = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
        guard error == ENOENT, !parent.isEmpty else { return error == EEXIST ? 0 : error }
        let errorAbove = make(String(parent))
        guard errorAbove == 0 else { return errorAbove }
        return mkdir(path, 0o700) == 0 || errno == EEXIST ? 0 : errno
    }

    /// A path that still holds when the process has left its folder.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
