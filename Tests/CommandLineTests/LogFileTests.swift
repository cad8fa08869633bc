import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The log's file", .orderly, .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)))
struct LogFileTests {
    private static let account = Result { try SimulatedAccount(media: TestMedia.small) }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test("After mv and SIGHUP, lines go to a new file of that name, with mode 0600, and nothing is lost")
    func rotation() throws {
        let mount = try BackgroundMount(try Self.account.get())
        let (file, rotated) = (mount.folder.path("log"), mount.folder.path("log.1"))
        #expect(try mode(file) == 0o600)
        #expect(mount.log.contains("info: mounted "))
        try FileManager.default.moveItem(atPath: file, toPath: rotated)
        // Until it is told, it goes on with the file that it has.
        mount.send(SIGUSR2)
        #expect(
            eventually { (try? String(contentsOfFile: rotated, encoding: .utf8))?.contains("debug logging") == true })
        #expect(access(file, F_OK) != 0)

        mount.send(SIGHUP)
        #expect(eventually { mount.log.contains("notice: the log file '\(file)' was reopened") })
        #expect(try mode(file) == 0o600)
        #expect(try mount.answers)
        #expect(try mount.descriptors.values.contains(file))
        #expect(try !mount.descriptors.values.contains(rotated))
        mount.send(SIGTERM)
        #expect(eventually { mount.log.contains("info: unmounted ") })
    }

    @Test("A symbolic link isn't followed when it is opened again: lines go where they went before")
    func link() throws {
        let mount = try BackgroundMount(try Self.account.get())
        let (file, rotated) = (mount.folder.path("log"), mount.folder.path("log.1"))
        try FileManager.default.moveItem(atPath: file, toPath: rotated)
        let victim = try mount.folder.file("victim", "untouched")
        try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: victim)
        mount.send(SIGHUP)
        #expect(
            eventually {
                (try? String(contentsOfFile: rotated, encoding: .utf8))?.contains("error: the log file '\(file)'")
                    == true
            })
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "untouched")
        #expect(try mount.answers)
    }

    @Test("What isn't a regular file, or is in no folder, is refused before anything is mounted")
    func refused() throws {
        let folder = try TemporaryFolder()
        mkfifo(folder.path("fifo"), 0o600)
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: "/dev/null")
        for path in [
            folder.path("fifo"), folder.path("link"), folder.url.path, "/dev/null", folder.path("absent/log"),
        ] {
            for mode in [["-f"], []] {
                let result = try Command.run(
                    [BuiltPrograms.twiliofs, "mount"] + mode
                        + ["--no-key", "--log-file", path, try folder.folder("mount")],
                    adding: MountedAccount.environment(try Self.account.get()), seconds: 20)
                #expect(result.end == .exited(17), "\(path): \(result.errorText)")
                #expect(result.errorText.hasPrefix("twiliofs: the log file '\(path)'"))
                #expect(result.errorText.split(separator: "\n").count == 1)
                if path == folder.path("fifo") { #expect(result.errorText.contains("isn't a regular file")) }
                if path == folder.path("link") { #expect(result.errorText.contains("is a symbolic link")) }
            }
        }
    }

    @Test(
        "A file that isn't the user's own is refused with one sentence",
        arguments: [
            ("chown 65534 log", "another user"), ("chmod 622 log", "written by others"),
            ("chgrp 65534 log && chmod 620 log", "written by others"), ("ln log other", "hard links"),
        ])
    func strangers(change: String, word: String) throws {
        let folder = try TemporaryFolder()
        try Command.shell("umask 077; echo before >log; \(change)", directory: folder.url.path)
        let path = folder.path("log")
        let result = try Command.run(
            [BuiltPrograms.twiliofs, "mount", "--no-key", "--log-file", path, try folder.folder("mount")],
            adding: MountedAccount.environment(try Self.account.get()), seconds: 20)
        #expect(result.end == .exited(17), "\(result.errorText)")
        #expect(result.errorText.hasPrefix("twiliofs: the log file '\(path)'") && result.errorText.contains(word))
        #expect(result.errorText.split(separator: "\n").count == 1)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "before\n")
    }

    @Test(
        "A disk that has no room for the first line is told of when mounting, once",
        arguments: [[], ["-f"]] as [[String]])
    func fullDisk(mode: [String]) throws {
        guard SmallFileSystem.isPossible else { return }
        let disk = try SmallFileSystem("size=64k")
        let log = disk.path + "/log"
        try Command.shell("umask 077; : >\"$1\"", log)
        try disk.fillUp(but: 0)
        let folder = try TemporaryFolder()
        let mountPoint = try folder.folder("mount")
        defer { umount2(mountPoint, 2 /* MNT_DETACH */) }
        let command = try RunningCommand(
            [
                BuiltPrograms.twiliofs, "mount", "--no-key", "--cache-dir", folder.path("cache"), "--log-file", log,
            ] + mode + [mountPoint],
            environment: Command.environment.merging(MountedAccount.environment(try Self.account.get())) { $1 })
        // A command in the background fails if its mount is gone before it returns.
        try wait(until: "it is mounted") {
            mode.isEmpty ? !command.isRunning : MountedAccount.isMounted(mountPoint)
        }
        try Command.require(["ls", mountPoint + "/recordings"])
        try Command.require([BuiltPrograms.twiliofs, "unmount", mountPoint])
        #expect(try command.wait().end == .exited(0))
        let complaints = command.errorText.split(separator: "\n")
        #expect(complaints.count == 1, "\(command.errorText)")
        let words = "twiliofs: warning: the log file '\(log)' can't be written: No space"
        #expect(complaints.first?.hasPrefix(words) == true, "\(command.errorText)")
    }

    @Test("Without syslog and without a file, mounting says that nothing is logged", .enabled(if: getuid() == 0))
    func unheard() throws {
        let folder = try TemporaryFolder()
        let mountPoint = try folder.folder("mount")
        let script = #"""
            "$1" mount --no-key --cache-dir "$2" "$3" && ls "$3/recordings" && exec "$1" unmount "$3"
            """#
        let result = try Command.run(
            ShellScript.words("own_devices", ["minimal", folder.url.path])
                + ["sh", "-c", script, "sh", BuiltPrograms.twiliofs, folder.path("cache"), mountPoint],
            adding: MountedAccount.environment(try Self.account.get()), seconds: 40)
        #expect(result.end == .exited(0), "\(result.errorText)")
        #expect(!result.lines.isEmpty)
        #expect(result.errorText.split(separator: "\n").count == 1)
        #expect(result.errorText.contains("/dev/log") && result.errorText.contains("--log-file"))
    }
}
