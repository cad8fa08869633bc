import Foundation
import Glibc
import Support
import TestSupport
import Testing
import TwilioSimulator

@Suite(
    "A mount that takes the place of another", .orderly, .needsFUSE, .enabled(if: getuid() == 0, "needs root"))
struct ReplacementTests {
    /// A folder with a mount point and a cache, and the processes that serve it in turn.
    private struct Bench {
        let account: SimulatedAccount
        let folder: TemporaryFolder
        let path: String

        init() throws {
            account = try SimulatedAccount(media: TestMedia.small)
            folder = try TemporaryFolder()
            path = try folder.folder("mount")
        }

        /// Starts a process in the foreground; it has taken the place when this returns.
        func mount(_ options: [String] = ["--replace"]) throws -> RunningCommand {
            let process = try start(options)
            try wait(until: "it is mounted") { process.errorText.contains("info: mounted") || !process.isRunning }
            try #require(process.isRunning, "\(process.errorText)")
            return process
        }

        func start(_ options: [String], account other: SimulatedAccount? = nil) throws -> RunningCommand {
            try RunningCommand(
                [BuiltPrograms.twiliofs, "mount", "-f", "--cache-dir", folder.path("cache")]
                    + ["--key", try KeyPair.shared.privateKey()] + options + [path],
                environment: Command.environment.merging(MountedAccount.environment(other ?? account)) { $1 })
        }

        /// How many mounts are there.
        var count: Int {
            (KernelFile.text(of: "/proc/self/mounts") ?? "").split(separator: "\n")
                .count { $0.split(separator: " ")[1] == path[...] }
        }

        func clean() { for _ in 0..<count { umount2(path, 2 /* MNT_DETACH */) } }
    }

    @Test("Ten times in a row, listing, opening and reading always succeed, and each former process ends with status 0")
    func tenTimes() throws {
        let bench = try Bench()
        defer { bench.clean() }
        // Nothing is there yet.
        var processes = [try bench.mount()]
        let files = try ["long.wav", "old.wav", "blocks.mp4"].map { try bench.account.original($0) }
        let slow = try bench.account.original("long.mkv")
        let reader = try RunningCommand(
            Python.words(
                "read_always",
                [bench.folder.path("end"), bench.path, slow.file.mountedPath(sid: slow.sid), slow.file.sha256]
                    + files.flatMap { [$0.file.mountedPath(sid: $0.sid), $0.file.sha256] }))
        func rounds() -> Int { String(decoding: reader.output, as: UTF8.self).split(separator: "\n").count }
        for _ in 0..<10 {
            let before = rounds()
            try wait(until: "it reads") { rounds() > before + 2 || !reader.isRunning }
            processes.append(try bench.mount())
            #expect(bench.count == 1)
        }
        let before = rounds()
        try wait(until: "it reads the last one") { rounds() > before + 2 || !reader.isRunning }
        try bench.folder.file("end", "")
        let result = try reader.wait()
        #expect(result.end == .exited(0), "\(result.errorText)")
        // That of the open file has ended by now, too.
        for process in processes.dropLast() {
            let end = try process.wait(seconds: 30)
            #expect(end.end == .exited(0), "\(end.errorText)")
            #expect(end.errorText.contains("another mount has taken the place of this one on \(bench.path)"))
            #expect(!end.errorText.contains("error:") && !end.errorText.contains("warning:"), "\(end.errorText)")
        }
        let last = try #require(processes.last)
        #expect(last.isRunning && last.errorText.contains("notice: replaced the mount on \(bench.path)"))
        last.send(SIGTERM)
        #expect(try last.wait().end == .exited(0))
        #expect(bench.count == 0)
    }

    @Test("A signal to the replaced process ends it, and leaves the new mount alone")
    func signalToFormer() throws {
        let bench = try Bench()
        defer { bench.clean() }
        let former = try bench.mount()
        let reader = try RunningCommand(
            ["sh", "-c", "exec 3<.twiliofs/version; echo; sleep 60"], directory: bench.path)
        try wait(until: "the file is open") { !reader.output.isEmpty }
        let new = try bench.mount()
        #expect(former.isRunning)
        former.send(SIGTERM)
        #expect(try former.wait(seconds: 30).end == .exited(0))
        #expect(new.isRunning && bench.count == 1)
        #expect(try Command.run(["ls", bench.path + "/recordings"]).end == .exited(0))
        reader.kill()
    }

    @Test("A process that is killed before it has taken the place changes nothing")
    func killedBefore() throws {
        let bench = try Bench()
        defer { bench.clean() }
        let former = try bench.mount()
        let new = try bench.start(["--replace"])
        new.kill()
        #expect(bench.count == 1 && former.isRunning)
        #expect(try Command.run(["ls", bench.path + "/recordings"]).end == .exited(0))
    }

    @Test("A mount that hangs is replaced as well")
    func hanging() throws {
        let bench = try Bench()
        defer { bench.clean() }
        let former = try bench.mount()
        former.send(SIGSTOP)
        let new = try bench.mount()
        #expect(try Command.run(["ls", bench.path + "/recordings"], seconds: 20).end == .exited(0))
        if KernelSupport.hasLandlock {
            #expect(ServingProcess(processID: new.processID).status("NoNewPrivs") == ["1"])
        }
        former.send(SIGCONT)
        let ended = try former.wait()
        #expect(ended.end == .exited(0), "\(ended)")
        #expect(new.isRunning && bench.count == 1)
    }

    @Test("The mount of another account, of another program and of another user is refused in one sentence")
    func refused() throws {
        let bench = try Bench()
        defer { bench.clean() }
        let other = try SimulatedAccount(media: TestMedia.small) {
            $0.credentials.accountSID = "AC" + String(repeating: "5", count: 32)
        }
        let former = try bench.mount()
        let account = try bench.start(["--replace"], account: other).wait()
        #expect(account.end == .exited(10))
        #expect(account.errorText.contains("has a mount of another account (twilio:\(bench.account.sid))"))
        #expect(former.isRunning && bench.count == 1)
        let busy = try bench.start([]).wait()
        #expect(busy.end == .exited(10) && busy.errorText.contains("--replace"))
        former.send(SIGTERM)
        _ = try former.wait()

        #expect(Glibc.mount("none", bench.path, "tmpfs", 0, nil) == 0)
        let program = try bench.start(["--replace"]).wait()
        #expect(program.end == .exited(10))
        #expect(program.errorText.contains("is busy: a file system (tmpfs)"), "\(program.errorText)")
        #expect(bench.count == 1)
        umount2(bench.path, 0)
    }
}
