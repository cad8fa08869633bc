import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("Unmounting and interrupting", .orderly, .needsFUSE)
struct UnmountTests {
    /// Stalls everything that is sent of media after a while, for good.
    private static let stall = #"[{"host":"media","path":"/","action":{"type":"stall","afterBytes":100000}}]"#

    /// Mounts and unmounts an account as a user, in a namespace with a device that everybody may open.
    ///
    /// - Returns: the lines that are printed.
    private static func userMount(_ way: String) throws -> [String] {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let script = ShellScript.words("user_mount", [way, folder.url.path, BuiltPrograms.twiliofs])
        let result = try Command.run(
            ShellScript.words("own_devices", ["open", folder.url.path] + script),
            adding: MountedAccount.environment(account))
        #expect(result.end == .exited(0) && result.errorText == "", "\(result.errorText)")
        return result.lines
    }

    /// A program that has a file of the mount open, and has read a byte of it.
    private static func reader(_ bench: MountBench) throws -> RunningCommand {
        let reader = try RunningCommand([
            "sh", "-c", "exec 3<\"$1\"; head -c 1 <&3; sleep 60", "sh", bench.path("long.wav"),
        ])
        try wait(until: "the file is open") { reader.output.count == 1 }
        return reader
    }

    /// A program whose read waits for the network, and a mount in which everything is looked up.
    private static func stalledReader() throws -> (bench: MountBench, reader: RunningCommand) {
        let bench = try MountBench()
        try bench.shell("find . -type f >/dev/null")
        try bench.account.add(faults: stall)
        let reader = try RunningCommand(["cat", bench.path("long.mkv")])
        try wait(until: "the answer stalls") {
            bench.account.mediaRequests.contains { $0.host == .media && $0.bodyBytes >= 100_000 }
        }
        return (bench, reader)
    }

    @Test("A signal unmounts and ends the process with status 0", arguments: [SIGINT, SIGTERM, SIGQUIT])
    func signals(_ signal: Int32) throws {
        let bench = try MountBench()
        try bench.shell("ls recordings >/dev/null")
        #expect(try bench.mount.unmount(by: signal).end == .exited(0))
        #expect(!bench.mount.isMounted)
    }

    @Test("A clean end logs neither errors nor warnings, whatever was on its way")
    func silence() throws {
        // Sizes that are learnt and lists that are fetched are on their way for long.
        let bench = try MountBench { $0.behaviour.latencyMilliseconds = 300 }
        try bench.shell("ls recordings >/dev/null")
        let lister = try RunningCommand(["ls", "-l", "\(bench.mount.path)/video-recordings"])
        #expect(eventually { !bench.account.requests.isEmpty })
        #expect(try bench.mount.unmount().end == .exited(0))
        _ = try lister.wait()
        let loud = bench.mount.log.split(separator: "\n").filter {
            $0.contains(" error: ") || $0.contains(" warning: ") || $0.contains(" critical: ")
        }
        #expect(loud == [])
    }

    @Test("A signal ends the process although a file is open")
    func openFile() throws {
        let bench = try MountBench()
        let reader = try Self.reader(bench)
        #expect(try bench.mount.unmount().end == .exited(0))
        #expect(!bench.mount.isMounted)
        withExtendedLifetime(reader) {}
    }

    @Test("A signal ends the process although a read waits for the network")
    func stalledRead() throws {
        let (bench, reader) = try Self.stalledReader()
        #expect(reader.isRunning)
        #expect(try bench.mount.unmount().end == .exited(0))
        #expect(!bench.mount.isMounted)
        #expect(try reader.wait(seconds: 30).end == .exited(1), "the read fails")
    }

    @Test("twiliofs unmount says that a mount is in use, and --lazy unmounts it")
    func busy() throws {
        let bench = try MountBench()
        let reader = try Self.reader(bench)
        let refused = try Command.run([BuiltPrograms.twiliofs, "unmount", bench.mount.path])
        #expect(refused.end == .exited(10))
        #expect(refused.errorText.contains("is in use") && refused.errorText.contains("--lazy"))
        #expect(bench.mount.isMounted)
        try Command.require([BuiltPrograms.twiliofs, "unmount", "--lazy", bench.mount.path])
        #expect(!bench.mount.isMounted)
        reader.kill()
        #expect(try bench.mount.process.wait(seconds: 30).end == .exited(0))
    }

    @Test("twiliofs unmount says whose a mount of another user is", .enabled(if: getuid() == 0, "needs root"))
    func anotherUser() throws {
        let bench = try MountBench(options: ["--allow-other"])
        let nobody = ShellScript.asUser()
        for options in [[], ["--lazy"]] {
            let refused = try Command.run(nobody + [BuiltPrograms.twiliofs, "unmount"] + options + [bench.mount.path])
            #expect(refused.end == .exited(10), "\(refused.errorText)")
            #expect(
                refused.errorText == """
                    twiliofs: '\(bench.mount.path)' was mounted by another user, with the ID 0: only that user and root \
                    can unmount it

                    """)
        }
        #expect(bench.mount.isMounted)
    }

    @Test(
        "A user unmounts what is theirs, also where fusermount3 isn't in PATH",
        .enabled(if: getuid() == 0, "needs root"))
    func user() throws {
        #expect(try Self.userMount("elsewhere").count == 3)
    }

    @Test(
        "A user's mount is unmounted although the user's processes are used up for a moment",
        .enabled(if: getuid() == 0, "needs root"))
    func noProcessLeft() throws {
        #expect(try Self.userMount("crowded") == [])
    }

    @Test("twiliofs unmount ends the process that serves")
    func orderly() throws {
        let bench = try MountBench()
        try Command.require([BuiltPrograms.twiliofs, "unmount", bench.mount.path])
        #expect(try bench.mount.process.wait(seconds: 30).end == .exited(0))
        let again = try Command.run([BuiltPrograms.twiliofs, "unmount", bench.mount.path])
        #expect(again.end == .exited(10))
        #expect(again.errorText == "twiliofs: nothing is mounted on '\(bench.mount.path)'\n")
    }

    @Test(
        "A program that waits for the network can be ended, and everything else works meanwhile",
        arguments: [SIGKILL, SIGINT, SIGTERM])
    func interrupted(_ signal: Int32) throws {
        let (bench, reader) = try Self.stalledReader()
        try Command.shell(
            "ls -l recordings; df .; stat video-recordings/*; cat metadata/*/*", directory: bench.mount.path,
            seconds: 30
        )
        #expect(try bench.checksum("long.wav") == bench.account.original("long.wav").file.sha256)
        #expect(reader.isRunning)
        reader.send(signal)
        #expect(try reader.wait(seconds: 30).end == .killed(signal))
    }
}
