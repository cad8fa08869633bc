import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("Unmounting and interrupting", .orderly, .needsFUSE)
struct UnmountTests {
    /// Stalls everything that is sent of media after a while, for good.
    static let stall = #"[{"host":"media","path":"/","action":{"type":"stall","afterBytes":100000}}]"#

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
            $0.contains("error") || $0.contains("warning") || $0.contains("critical")
        }
        #expect(loud == [])
    }

    @Test("A signal ends the process although a file is open")
    func openFile() throws {
        let bench = try MountBench()
        let reader = try RunningCommand([
            "sh", "-c", "exec 3<\"$1\"; head -c 1 <&3; sleep 60", "sh", bench.path("long.wav"),
        ])
        #expect(eventually { reader.output.count == 1 })
        #expect(try bench.mount.unmount().end == .exited(0))
        #expect(!bench.mount.isMounted)
    }

    @Test("A signal ends the process although a read waits for the network")
    func stalledRead() throws {
        let bench = try MountBench()
        try bench.shell("find . -type f >/dev/null")
        try bench.account.add(faults: Self.stall)
        let reader = try RunningCommand(["cat", bench.path("long.mkv")])
        #expect(
            eventually {
                bench.account.mediaRequests.contains { $0.host == .media && $0.bodyBytes >= 100_000 }
            })
        #expect(reader.isRunning)
        #expect(try bench.mount.unmount().end == .exited(0))
        #expect(!bench.mount.isMounted)
        #expect(try reader.wait(seconds: 30).end == .exited(1), "the read fails")
    }

    @Test("twiliofs unmount says that a mount is in use, and --lazy unmounts it")
    func busy() throws {
        let bench = try MountBench()
        let reader = try RunningCommand([
            "sh", "-c", "exec 3<\"$1\"; head -c 1 <&3; sleep 60", "sh", bench.path("long.wav"),
        ])
        #expect(eventually { reader.output.count == 1 })
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
        let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
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
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        for name in ["mount", "dev"] { try folder.folder(name) }
        // In a namespace of its own there is a device that everybody may open.
        let script = """
            cd "$1"; twiliofs=$2
            mount -t tmpfs none dev
            mknod -m 666 dev/device c 10 229
            mount --bind dev/device /dev/fuse
            chown 65534:65534 . mount
            user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
            user "$twiliofs" mount --no-key --cache-dir "$1/cache" --log-file "$1/log" "$1/mount"
            user ls "$1/mount/recordings"
            user env PATH=/nonexistent "$twiliofs" unmount "$1/mount"
            ! grep -q " $1/mount " /proc/mounts
            """
        let result = try Command.run(
            ["unshare", "-m", "sh", "-euc", script, "sh", folder.url.path, BuiltPrograms.twiliofs],
            adding: MountedAccount.environment(account))
        #expect(result.end == .exited(0) && result.errorText == "", "\(result.errorText)")
        #expect(result.lines.count == 3)
    }

    @Test(
        "A user's mount is unmounted although the user's processes are used up for a moment",
        .enabled(if: getuid() == 0, "needs root"))
    func noProcessLeft() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        for name in ["mount", "dev"] { try folder.folder(name) }
        let script = """
            cd "$1"; twiliofs=$2
            mount -t tmpfs none dev
            mknod -m 666 dev/device c 10 229
            mount --bind dev/device /dev/fuse
            chown 65534:65534 . mount
            user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
            user prlimit --nproc=100 "$twiliofs" mount --no-key --cache-dir "$1/cache" --log-file "$1/log" "$1/mount"
            process=$(pgrep -f "[r]eady-descriptor.*$1")
            user sh -c 'for number in $(seq 110); do sleep 3 & done; wait' &
            until [ $(pgrep -c -U 65534) -gt 110 ]; do sleep 0.05; done
            kill -TERM "$process"
            sleep 0.5
            grep -q " $1/mount " /proc/mounts
            while kill -0 "$process" 2>/dev/null; do sleep 0.05; done
            ! grep -q " $1/mount " /proc/mounts
            """
        let result = try Command.run(
            ["unshare", "-m", "sh", "-euc", script, "sh", folder.url.path, BuiltPrograms.twiliofs],
            adding: MountedAccount.environment(account))
        #expect(result.end == .exited(0) && result.errorText == "", "\(result.errorText)")
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
        let bench = try MountBench()
        try bench.shell("find . -type f >/dev/null")
        try bench.account.add(faults: Self.stall)
        let reader = try RunningCommand(["cat", bench.path("long.mkv")])
        #expect(
            eventually {
                bench.account.mediaRequests.contains { $0.host == .media && $0.bodyBytes >= 100_000 }
            })
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
