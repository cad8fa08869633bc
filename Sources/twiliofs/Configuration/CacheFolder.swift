import Foundation
import TwilioAPI

/// Where the catalog and other things that survive a restart are kept.
enum CacheFolder {
    /// The folder of one account.
    ///
    /// - Parameter option: what was given on the command line; default `$XDG_CACHE_HOME/twiliofs`, else `~/.cache/twiliofs`.
    static func path(
        option: String?, account: AccountConfiguration, environment: Environment
    ) throws(Failure) -> String {
        let base: String
        if let option {
            base = option
        } else if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
            base = cache + "/twiliofs"
        } else if let home = environment["HOME"] {
            base = home + "/.cache/twiliofs"
        } else if geteuid() == 0 {
            base = "/var/cache/twiliofs"
        } else {
            throw Failure(.cache, "there is no place for the catalog, since HOME isn't set: give --cache-dir")
        }
        // A region's data is apart from the other regions', under the same account SID.
        let name = account.region.map { "\(account.account).\($0)" } ?? account.account.description
        let path = absolute(base) + "/" + name
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure(.cache, "the cache folder '\(path)' can't be made: give another with --cache-dir")
        }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            throw Failure(.cache, "the cache folder '\(path)' can't be written to: give another with --cache-dir")
        }
        return path
    }

    /// A path that still holds when the process has left its folder.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
