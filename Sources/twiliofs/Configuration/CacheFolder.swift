import Foundation
import Threading
import TwilioAPI

/// Where the catalog and other things that survive a restart are kept.
enum CacheFolder {
    /// The folder in which everything is: one for each account, and one for the ciphertext of all.
    ///
    /// - Parameter option: what was given on the command line; default `$XDG_CACHE_HOME/twiliofs`, else
    ///   `~/.cache/twiliofs`.
    static func root(option: String?, environment: Environment) throws(Failure) -> String {
        if let option { return absolute(option) }
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
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure(.cache, "the cache folder '\(path)' can't be made: give another with --cache-dir")
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

    /// A path that still holds when the process has left its folder.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
