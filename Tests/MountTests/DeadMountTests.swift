import Foundation
import Glibc
import Support
import TestSupport
import Testing
import TwilioSimulator

@Suite("A dead mount", .orderly, .needsFUSE)
struct DeadMountTests {
    private static let account = Result { try SimulatedAccount(media: TestMedia.small) }

    /// A folder with a mount point.
    private struct Place {
        let folder: TemporaryFolder
        let path: String

        init() throws {
            folder = try TemporaryFolder()
            path = try folder.folder("mount")
            for name in ["above", "elsewhere"] { try folder.folder(name) }
        }

        /// Mounts in the background; the mount may be at another place than the checked one.
        func mount(_ options: [String] = [], at name: String = "mount", directory: String = "/") throws -> CommandResult
        {
            try Command.run(
                words(options, at: name), adding: MountedAccount.environment(try account.get()), directory: directory,
                seconds: 30)
        }

        func words(_ options: [String] = [], at name: String = "mount") -> [String] {
            [
                BuiltPrograms.twiliofs, "mount", "--cache-dir", folder.path("cache"), "--log-file", folder.path("log"),
                "--no-key",
            ] + options + [name.contains(".") || name.hasPrefix("/") ? name : folder.path(name)]
        }

        /// Mounts, and kills the serving process.
        func die(_ options: [String] = [], at name: String = "mount") throws {
            let result = try mount(options, at: name)
            try #require(result.end == .exited(0), "\(result.errorText)")
            try kill(servingOf: name)
        }

        func kill(servingOf name: String = "mount") throws {
            try Command.require(["pkill", "-KILL", "-f", "twiliofs mount.*\(folder.path(name))$"])
            try wait(until: "the mount is dead") {
                try Command.run(["stat", "-f", folder.path(name)]).errorText.contains("not connected")
            }
        }

        /// The mounts in the folder by the kernel's table, as their last names.
        var mounts: [String] {
            (KernelFile.text(of: "/proc/self/mounts") ?? "").split(separator: "\n")
                .map { String($0.split(separator: " ")[1]) }.filter { $0.hasPrefix(folder.url.path) }
                .map { String($0.dropFirst(folder.url.path.count)).trimmingCharacters(in: ["/"]) }
        }

        var answers: Bool {
            get throws { try Command.run(["ls", path + "/recordings"], seconds: 20).lines.count == 3 }
        }
    }

    /// Ends what is mounted in a place.
    private func clean(_ place: Place) {
        for _ in place.mounts { umount2(place.path, 2 /* MNT_DETACH */) }
        umount2(place.folder.path("elsewhere"), 2)
    }

    @Test(
        "After kill -9, mounting on it again removes it and says so in one line, however the place is written",
        arguments: ["mount/.", "link/", ".", "relative"])
    func again(_ name: String) throws {
        let place = try Place()
        defer { clean(place) }
        symlink("mount", place.folder.path("link"))
        try #require(try place.mount().end == .exited(0))
        // Nobody can change to a dead mount, but be there already.
        let inside =
            name != "."
            ? nil
            : try RunningCommand(
                ["sh", "-c", #"while ! [ -e "$0" ]; do sleep 0.02; done; exec "$@""#, place.folder.path("go")]
                    + place.words(at: "."),
                environment: Command.environment.merging(MountedAccount.environment(try Self.account.get())) { $1 },
                directory: place.path)
        try place.kill()
        try place.folder.file("go", "")
        let result =
            switch name {
            case ".": try #require(inside).wait(seconds: 30)
            case "relative": try place.mount(at: "./elsewhere/../mount", directory: place.folder.url.path)
            case let name where name.hasPrefix("link"): try place.mount(at: place.folder.path(name))
            default: try place.mount(at: place.folder.path(name))
            }
        #expect(result.end == .exited(0))
        #expect(
            result.errorText == "twiliofs: the mount on '\(place.path)', whose process had died, was removed\n")
        #expect(try place.answers)
        #expect(place.mounts == ["mount"])
        try Command.require([BuiltPrograms.twiliofs, "unmount", place.path])
        #expect(place.mounts == [])
        #expect(
            eventually {
                (try? String(contentsOfFile: place.folder.path("log"), encoding: .utf8))?.contains(
                    "notice: removed the mount on \(place.path), whose process had died") == true
            })
    }

    @Test("It is removed although a program has its working directory in it, or a file open")
    func inUse() throws {
        let place = try Place()
        defer { clean(place) }
        try #require(try place.mount().end == .exited(0))
        let user = try RunningCommand(
            ["sh", "-c", "exec 3<.twiliofs/version; echo; sleep 60"], directory: place.path)
        try wait(until: "the file is open") { !user.output.isEmpty }
        try place.kill()
        #expect(try place.mount().end == .exited(0))
        #expect(try place.answers)
        #expect(place.mounts == ["mount"])
        user.kill()
    }

    @Test("Several on each other are all removed", .enabled(if: getuid() == 0, "needs root"))
    func stacked() throws {
        let place = try Place()
        defer { clean(place) }
        try place.die()
        try place.die(at: "elsewhere")
        #expect(Glibc.mount(place.folder.path("elsewhere"), place.path, nil, 8192 /* MS_MOVE */, nil) == 0)
        #expect(place.mounts == ["mount", "mount"])
        #expect(try place.mount().end == .exited(0))
        #expect(place.mounts == ["mount"])
        #expect(try place.answers)
    }

    @Test("Below a living mount it stays, and the living one isn't touched", .enabled(if: getuid() == 0, "needs root"))
    func belowLiving() throws {
        let place = try Place()
        defer { clean(place) }
        try place.die()
        #expect(try place.mount(at: "elsewhere").end == .exited(0))
        #expect(Glibc.mount(place.folder.path("elsewhere"), place.path, nil, 8192 /* MS_MOVE */, nil) == 0)
        let refused = try place.mount()
        #expect(refused.end == .exited(10))
        #expect(refused.errorText.contains("is busy: a mount of twiliofs") && refused.errorText.contains("--replace"))
        #expect(try place.answers)
        #expect(place.mounts == ["mount", "mount"])
        // The living one comes to light only then.
        try place.die(at: "above")
        #expect(Glibc.mount(place.folder.path("above"), place.path, nil, 8192 /* MS_MOVE */, nil) == 0)
        let hidden = try place.mount()
        #expect(hidden.end == .exited(10) && hidden.errorText.contains("is busy"), "\(hidden.errorText)")
        #expect(try place.answers)
        #expect(place.mounts == ["mount", "mount"])
    }

    @Test(
        "Another program's, and another user's, is told and left alone", .enabled(if: getuid() == 0, "needs root"),
        arguments: [
            ("fuse.other", 0, "dead mount of another program"),
            ("fuse.twiliofs", 1234, "another user, with the ID 1234"),
        ])
    func others(type: String, user: Int, words: String) throws {
        let place = try Place()
        defer { clean(place) }
        let device = open("/dev/fuse", O_RDWR | O_CLOEXEC)
        #expect(
            Glibc.mount("x", place.path, type, 0, "fd=\(device),rootmode=40000,user_id=\(user),group_id=0") == 0)
        close(device)
        for options in [[], ["--replace"]] {
            let result = try place.mount(options)
            #expect(result.end == .exited(10))
            #expect(result.errorText.contains(words), "\(result.errorText)")
            #expect(place.mounts == ["mount"])
        }
    }

    @Test("Of two that mount on it at the same time, one succeeds, and the other says that it is busy")
    func race() throws {
        for _ in 0..<3 {
            let place = try Place()
            defer { clean(place) }
            try place.die()
            let environment = Command.environment.merging(MountedAccount.environment(try Self.account.get())) { $1 }
            let both = try (0..<2).map { _ in try RunningCommand(place.words(), environment: environment) }
            let results = try both.map { try $0.wait(seconds: 30) }
            #expect(results.count { $0.end == .exited(0) } == 1, "\(results.map(\.errorText))")
            #expect(results.count { $0.end == .exited(10) && $0.errorText.contains("is busy") } == 1)
            #expect(try place.answers)
            #expect(place.mounts == ["mount"])
        }
    }

    @Test("One that fails to start leaves it as it is: an empty directory would look like an empty account")
    func failure() throws {
        let place = try Place()
        defer { clean(place) }
        try place.die()
        let result = try Command.run(
            place.words(),
            adding: MountedAccount.environment(try Self.account.get()).merging(["TWILIO_AUTH_TOKEN": "wrong"]) { $1 })
        #expect(result.end == .exited(12))
        #expect(place.mounts == ["mount"])
    }

    @Test(
        "With -o auto_unmount it goes with its process, and what has taken its place doesn't",
        .enabled(if: getuid() == 0, "needs root"))
    func autoUnmount() throws {
        let place = try Place()
        defer { clean(place) }
        let watch = "watch-mount.*\(place.path)$"
        #expect(try place.mount(["-o", "auto_unmount"]).end == .exited(0))
        #expect(try Command.run(["pgrep", "-f", watch]).lines.count == 1)
        // A service manager ends it together with the mount's process.
        try Command.require(["pkill", "-TERM", "-f", watch])
        try Command.require(["pkill", "-KILL", "-f", "twiliofs mount.*\(place.path)$"])
        #expect(eventually { place.mounts.isEmpty })
        #expect(try eventually { try Command.run(["pgrep", "-f", watch]).lines.isEmpty })

        #expect(try place.mount(["-o", "auto_unmount"]).end == .exited(0))
        let former = try Command.require(["pgrep", "-f", "twiliofs mount.*\(place.path)$"]).lines[0]
        let reader = try RunningCommand(
            ["sh", "-c", "exec 3<.twiliofs/version; echo; sleep 60"], directory: place.path)
        try wait(until: "the file is open") { !reader.output.isEmpty }
        #expect(try place.mount(["--replace"]).end == .exited(0))
        try Command.require(["kill", "-KILL", former])
        #expect(try eventually { try Command.run(["pgrep", "-f", watch]).lines.isEmpty })
        #expect(try place.answers)
        #expect(place.mounts == ["mount"])
        reader.kill()
    }

    @Test("A user's is removed as well", .enabled(if: getuid() == 0, "needs root"), arguments: ["dead", "watched"])
    func user(_ way: String) throws {
        let folder = try TemporaryFolder()
        let script = ShellScript.words("user_mount", [way, folder.url.path, BuiltPrograms.twiliofs])
        let result = try Command.run(
            ShellScript.words("own_devices", ["open", folder.url.path] + script),
            adding: MountedAccount.environment(try Self.account.get()))
        #expect(result.end == .exited(0) && result.errorText == "", "\(result.errorText)")
    }
}
