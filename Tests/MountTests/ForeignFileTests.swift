import Foundation
import TestSupport
import Testing

@Suite("What isn't the cache's own in the cache folder", .orderlyAndLong, .needsFUSE)
struct ForeignFileTests {
    /// A place in the cache folder, as a word of the shell, of which one match is replaced.
    ///
    /// SQLite's own files beside the catalog aren't there while nobody uses it.
    static let places = [
        "AC*/catalog.sqlite", "$(echo AC*)/catalog.sqlite-wal", "$(echo AC*)/catalog.sqlite-shm",
        "$(echo AC*)/catalog.sqlite-journal", "AC*/catalog.sqlite-lock", "AC*", "ciphertext", "ciphertext/lock",
        "ciphertext/store", "ciphertext/store/index.sqlite", "ciphertext/store/owners", "ciphertext/store/blocks",
        "ciphertext/store/blocks/0", "ciphertext/store/blocks/0/*",
    ]

    /// Puts something else in the place of `$1`; `$2` is a file of the user's that must stay as it is.
    static let replacements = [
        "mkfifo \"$1\"", "ln -s \"$2\" \"$1\"", "mkdir \"$1\"", "mknod \"$1\" c 1 5",
        Python.words("make_socket", []).map { "'\($0)'" }.joined(separator: " ") + " \"$1\"",
    ]

    /// A cache folder with everything in it.
    private static func fill(_ account: SimulatedAccount, _ folder: TemporaryFolder) throws -> String {
        let cache = try folder.folder("filled")
        let mount = try MountedAccount(account, cacheFolder: cache)
        #expect(try mount.differences(from: account) == [])
        try mount.unmount()
        return cache
    }

    @Test("Something else in the place of a file ends in the right contents or in a clear message", arguments: places)
    func replaced(place: String) throws {
        try Self.check(place)
    }

    @Test("Something else where a damaged catalog goes ends in the right contents or in a clear message")
    func damaged() throws {
        try Self.check("$(echo AC*)/catalog.sqlite.damaged", "echo garbage >\"$(echo AC*/catalog.sqlite)\"")
    }

    /// Replaces what is in a place, in each way, and mounts.
    ///
    /// - Parameter damage: what the shell does before.
    private static func check(_ place: String, _ damage: String = ":") throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let filled = try fill(account, folder)
        let victim = folder.path("victim")
        try "precious".write(toFile: victim, atomically: true, encoding: .utf8)
        try Command.require(["chmod", "640", victim])
        for (number, replacement) in replacements.enumerated() {
            let cache = folder.path("cache-\(number)")
            try Command.require(["cp", "-a", filled, cache])
            // A socket's path has room for a hundred characters: a relative one is used.
            try Command.shell(
                """
                \(damage)
                set -- \(place) "$1"; while [ $# -gt 2 ]; do shift; done; rm -rf "$1"; \(replacement)
                """, victim, directory: cache)
            do {
                let mount = try MountedAccount(account, cacheFolder: cache)
                #expect(try mount.differences(from: account) == [], "\(replacement): \(mount.log)")
                #expect(try mount.unmount(seconds: 20).end == .exited(0), "\(replacement)")
            } catch let error as CommandError {
                #expect("\(error)".contains("cache"), "\(replacement): \(error)")
            }
            let kept = try Command.require(["stat", "-c", "%a %s", victim]).lines
            #expect(kept == ["640 8"], "\(replacement)")
            #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
        }
    }

    @Test(
        "A cache folder of somebody else, or that others may write, is refused",
        arguments: ["chown 12345 .", "chmod 777 .", "chmod 720 .", "chown 12345 AC*", "chmod 707 AC*"])
    func strangers(change: String) throws {
        let account = try SimulatedAccount(media: nil)
        let folder = try TemporaryFolder()
        let cache = try folder.folder("cache")
        try MountedAccount(account, cacheFolder: cache).unmount()
        try Command.shell(change, directory: cache)
        let result = try Command.run(
            [
                BuiltPrograms.twiliofs, "mount", "--foreground", "--no-key", "--cache-dir", cache,
                try folder.folder("mount"),
            ], adding: MountedAccount.environment(account))
        #expect(result.end == .exited(16), "\(result.errorText)")
        #expect(result.errorText.split(separator: "\n").count == 1, "\(result.errorText)")
        #expect(result.errorText.contains(cache))
    }

    @Test(
        "A way to the cache folder that others can change is refused, whatever is asked of it",
        arguments: ["chmod 777 above", "chown 12345 above", "chown -h 12345 link", "chmod 0722 above"])
    func way(change: String) throws {
        let account = try SimulatedAccount(media: nil)
        let folder = try TemporaryFolder()
        try folder.folder("above")
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "above")
        try Command.shell("chgrp 12345 above; \(change)", directory: folder.url.path)
        let cache = folder.path("link/cache")
        let mountPoint = try folder.folder("mount")
        for words in [
            ["mount", "--foreground", "--no-key", "--cache-dir", cache, mountPoint],
            ["cache", "status", "--cache-dir", cache], ["cache", "clear", "--cache-dir", cache],
        ] {
            let result = try Command.run(
                [BuiltPrograms.twiliofs] + words, adding: MountedAccount.environment(account))
            #expect(result.end == .exited(16), "\(result.errorText)")
            #expect(result.errorText.split(separator: "\n").count == 1, "\(result.errorText)")
            #expect(result.errorText.hasPrefix("twiliofs: the cache folder '\(cache)'"), "\(result.errorText)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("above")) == [])
    }

    @Test("The cache folder itself may be a symbolic link of the user's")
    func link() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let target = try folder.folder("elsewhere")
        try FileManager.default.createSymbolicLink(atPath: folder.path("cache"), withDestinationPath: target)
        let mount = try MountedAccount(account, cacheFolder: folder.path("cache"))
        #expect(try mount.differences(from: account) == [])
        try mount.unmount()
        #expect(try FileManager.default.contentsOfDirectory(atPath: target).contains("ciphertext"))
    }
}
