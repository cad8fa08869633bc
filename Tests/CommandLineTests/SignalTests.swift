import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@testable import twiliofs

@Suite("Signals", .orderly, .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)))
struct SignalTests {
    private static let account = Result { try SimulatedAccount(media: TestMedia.small) }

    /// Those that end it on purpose, that can't be caught, that mean a broken process, and the C library's own.
    private static let excepted: Set<Int32> = [
        SIGINT, SIGTERM, SIGQUIT, SIGKILL, SIGSTOP, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP, 32, 33,
    ]

    @Test("A mount in the background answers after every signal that isn't meant to end it")
    func background() throws {
        let mount = try BackgroundMount(try Self.account.get())
        for signal in (1...64 as ClosedRange<Int32>) where !Self.excepted.contains(signal) {
            mount.send(signal)
            #expect(try mount.answers, "signal \(signal)")
        }
    }

    @Test("A mount in the foreground answers after every signal that isn't meant to end it, nor can it be stopped")
    func foreground() throws {
        let mount = try MountedAccount(try Self.account.get(), keys: [])
        for signal in (1...64 as ClosedRange<Int32>) where !Self.excepted.contains(signal) {
            mount.process.send(signal)
            let listing = try Command.run(["ls", mount.path + "/recordings"], seconds: 20)
            #expect(listing.end == .exited(0) && !listing.lines.isEmpty, "signal \(signal)")
        }
    }

    /// The lines that tell of a crash, as Swift's runtime and this program's reaction to its signals write them.
    private static func traces(in log: Substring) -> [String] {
        log.split(separator: "\n").map(String.init).filter { line in
            ["backtrac", "thread ", "registers", "debug logging", "crash"].contains { line.lowercased().contains($0) }
        }
    }

    @Test(
        "A crash ends the mount at once, is told in one line, and leaves a mount that can be taken away",
        arguments: [SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGTRAP, SIGFPE])
    func crash(_ signal: Int32) throws {
        // As if the toolchain were beside the program; its own program for that may or may not be found.
        let mount = try MountedAccount(
            try Self.account.get(), keys: [], environment: ["SWIFT_BACKTRACE": "enable=yes,color=no,threads=all"])
        let before = mount.log
        mount.process.send(signal)
        #expect(try mount.process.wait().end == .killed(signal))
        let words = mount.log.dropFirst(before.count)
        #expect(Self.traces(in: words) == [])
        let told = words.split(separator: "\n").filter { $0.contains(" critical: ") }
        #expect(told.count == 1, "\(words)")
        let pattern =
            /critical: this process ends by (SIG[A-Z]+), sent by process ([0-9]+) of the user [0-9]+ frames=/
        let match = try #require(told.first?.firstMatch(of: pattern), "\(words)")
        #expect(String(match.1) == CrashSignals.description(of: signal))
        #expect(String(match.2) == "\(getpid())")
        #expect(told.first?.contains(/\ signal=SIG[A-Z]+ thread=[a-z0-9\-]+ version=[0-9.]+$/) == true, "\(words)")
        #expect(try Command.run(["ls", mount.path], seconds: 20).end != .exited(0))
        try Command.require([BuiltPrograms.twiliofs, "unmount", mount.path])
        #expect(!MountedAccount.isMounted(mount.path))
    }

    @Test("A crash in the background is told in its log, and a program that waits for a read gets an error at once")
    func crashInBackground() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try BackgroundMount(
            account, options: ["--no-key", "--log-format", "json"], environment: ["SWIFT_BACKTRACE": "enable=yes"])
        let original = try account.original("old.mkv")
        try Command.require(["ls", "-l", mount.path + "/video-recordings"])
        try account.add(faults: #"[{"host":"media","path":"/","action":{"type":"stall","afterBytes":100000}}]"#)
        let reader = try RunningCommand(["cat", mount.path + "/" + original.file.mountedPath(sid: original.sid)])
        try wait(until: "the answer stalls") {
            account.mediaRequests.contains { $0.host == .media && $0.bodyBytes >= 100_000 }
        }
        let before = mount.log
        mount.send(SIGSEGV)
        #expect(eventually { mount.hasEnded })
        #expect(try reader.wait(seconds: 20).end == .exited(1))
        let words = mount.log.dropFirst(before.count)
        #expect(Self.traces(in: words) == [])
        let last = try #require(words.split(separator: "\n").last)
        let line = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: String])
        #expect(line["signal"] == "SIGSEGV" && line["level"] == "critical")
        for secret in [account.simulator.credentials.authToken, account.simulator.credentials.apiSecret] {
            #expect(!mount.log.contains(secret))
        }
        try Command.require(["fusermount3", "-u", mount.path])
    }

    @Test("A background process that crashes before its mount answers is told by the command, with status 70")
    func earlyCrash() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        try account.add(faults: #"{"path":"/","action":{"type":"stall","afterBytes":0}}"#)
        let folder = try TemporaryFolder()
        let command = try RunningCommand(
            [
                BuiltPrograms.twiliofs, "mount", "--no-key", "--cache-dir", folder.path("cache"), "--log-file",
                folder.path("log"), try folder.folder("mount"),
            ], environment: Command.environment.merging(MountedAccount.environment(account)) { $1 })
        try wait(until: "it waits for the account") { !account.requests.isEmpty }
        try Command.require(["pkill", "-SEGV", "-f", "[r]eady-descriptor.*\(folder.url.path)"])
        let result = try command.wait(seconds: 30)
        #expect(result.end == .exited(FailureStatus.crash.rawValue))
        #expect(
            result.errorText.contains("twiliofs: this process ends by SIGSEGV, sent by process ")
                && result.errorText.contains("twiliofs: the serving process has crashed (SIGSEGV)"),
            "\(result.errorText)")
        let log = try String(contentsOfFile: folder.path("log"), encoding: .utf8)
        #expect(log.contains("critical: this process ends by SIGSEGV"))
    }

    @Test("SIGINT, SIGTERM and SIGQUIT unmount", arguments: [SIGINT, SIGTERM, SIGQUIT])
    func unmounting(_ signal: Int32) throws {
        let mount = try BackgroundMount(try Self.account.get())
        mount.send(signal)
        #expect(eventually { mount.hasEnded })
        #expect(!MountedAccount.isMounted(mount.path))
        #expect(eventually { mount.log.contains("unmounted \(mount.path)") })
    }

    @Test("SIGUSR2 switches debug logging on and off, and the log says so")
    func debugLogging() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try BackgroundMount(account, options: ["--no-key", "--log-level", "info"])
        let debugLines = { mount.log.split(separator: "\n").count { $0.contains(" debug: ") } }
        let original = try account.original("old.wav")
        let file = mount.path + "/" + original.file.mountedPath(sid: original.sid)

        mount.send(SIGUSR2)
        #expect(eventually { mount.log.contains("notice: debug logging is on") })
        try account.add(faults: #"{"path":"*.wav","count":1,"action":{"type":"reset","afterBytes":10}}"#)
        try Command.require(["cat", file])
        #expect(eventually { debugLines() > 0 }, "\(mount.log)")

        mount.send(SIGUSR2)
        #expect(eventually { mount.log.contains("notice: debug logging is off") })
    }

    /// A mount in the foreground at a terminal of its own, which goes when a file appears.
    private struct Terminal {
        let folder: TemporaryFolder
        let mount: MountedAccount

        init(_ wrapper: String...) throws {
            folder = try TemporaryFolder()
            mount = try MountedAccount(
                try SignalTests.account.get(), keys: [],
                wrapper: Python.words("own_terminal", [folder.path("hang-up")] + wrapper))
        }

        /// The process that serves the mount.
        var processID: Int32 {
            get throws {
                let text = String(decoding: mount.process.output, as: UTF8.self)
                return try #require(Int32(text.trimmingCharacters(in: .newlines)))
            }
        }

        func hangUp() throws { try folder.file("hang-up", "") }
    }

    @Test("SIGHUP has a mount at a terminal read files again, as long as the terminal is there; it ends with that")
    func terminal() throws {
        let terminal = try Terminal()
        kill(try terminal.processID, SIGHUP)
        #expect(
            terminal.mount.hasLogged("no file with credentials or keys can be read again"), "\(terminal.mount.log)")
        #expect(try !Command.require(["ls", terminal.mount.path + "/recordings"]).lines.isEmpty)
        try terminal.hangUp()
        #expect(try terminal.mount.process.wait().end == .exited(0))
        #expect(!terminal.mount.isMounted)
    }

    @Test("A mount in the foreground that ignores SIGHUP from the start, as with nohup, outlives its terminal")
    func nohup() throws {
        let terminal = try Terminal("sh", "-c", #"trap "" HUP; exec "$@""#, "sh")
        let process = try terminal.processID
        try terminal.hangUp()
        // Long enough for the signal to come.
        usleep(500_000)
        #expect(try !Command.require(["ls", terminal.mount.path + "/recordings"]).lines.isEmpty)
        kill(process, SIGTERM)
        #expect(try terminal.mount.process.wait().end == .exited(0))
        #expect(!terminal.mount.isMounted)
    }

    @Test("SIGHUP before the mount is there doesn't end the process, and is obeyed when it is")
    func early() throws {
        let account = try Self.account.get()
        let folder = try TemporaryFolder()
        let pipe = folder.path("token")
        mkfifo(pipe, 0o600)
        // The mount waits for its token, before it does anything else.
        let feeder = try RunningCommand([
            "sh", "-c", #"while ! [ -e "$0.ready" ]; do sleep 0.02; done; printf '%s\n' "$1" >"$0""#, pipe,
            account.simulator.credentials.authToken,
        ])
        let process = try RunningCommand(
            [
                BuiltPrograms.twiliofs, "mount", "--foreground", "--no-key", "--cache-dir", folder.path("cache"),
                "--auth-token-file", pipe, try folder.folder("mount"),
            ],
            environment: Command.environment.merging(MountedAccount.environment(account)) { $1 }, startsSession: true)
        defer { umount2(folder.path("mount"), 2 /* MNT_DETACH */) }
        try wait(until: "signals are awaited") { ProcessFiles(process.processID).threads.contains("credentials-0") }
        for _ in 0..<20 { process.send(SIGHUP) }
        try folder.file("token.ready", "")
        try wait(until: "it is mounted") {
            MountedAccount.isMounted(folder.path("mount")) || !process.isRunning
        }
        #expect(process.isRunning, "\(process.errorText)")
        #expect(eventually { process.errorText.contains("read again") }, "\(process.errorText)")
        #expect(try Command.run(["ls", folder.path("mount") + "/recordings"]).end == .exited(0))
        process.send(SIGTERM)
        #expect(try process.wait().end == .exited(0))
        #expect(try feeder.wait().end == .exited(0))
    }

    @Test("A terminal that goes before the mount is there ends the process")
    func earlyHangUp() throws {
        let folder = try TemporaryFolder()
        let pipe = folder.path("token")
        mkfifo(pipe, 0o600)
        let marker = folder.path("hang-up")
        let terminal = try RunningCommand(
            Python.words(
                "own_terminal",
                [
                    marker, BuiltPrograms.twiliofs, "mount", "--foreground", "--no-key", "--cache-dir",
                    folder.path("cache"), "--auth-token-file", pipe, try folder.folder("mount"),
                ]),
            environment: Command.environment.merging(MountedAccount.environment(try Self.account.get())) { $1 })
        try wait(until: "signals are awaited") {
            let text = String(decoding: terminal.output, as: UTF8.self).trimmingCharacters(in: .newlines)
            return Int32(text).map { ProcessFiles($0).threads.contains("credentials-0") } ?? false
        }
        try folder.file("hang-up", "")
        #expect(try terminal.wait().end == .exited(128 + SIGHUP))
    }

    @Test(
        "A prompt for a passphrase that a signal ends leaves the terminal with its echo",
        arguments: ["twiliofs", "twiliofs-keys"])
    func prompt(name: String) throws {
        let folder = try TemporaryFolder()
        let script = #"out=$1; shift; "$@" & echo $! >"$out.pid"; wait $!; stty -a >"$out""#
        let terminal = try RunningCommand(
            Python.words(
                "own_terminal",
                [
                    folder.path("never"), "sh", "-c", script, "sh", folder.path("modes"), BuiltPrograms.twiliofs,
                    "mount",
                    "--foreground", "--cache-dir", folder.path("cache"), "--key",
                    try KeyPair.shared.privateKey(.encryptedPKCS8), try folder.folder("mount"),
                ]),
            environment: Command.environment.merging(MountedAccount.environment(try Self.account.get())) { $1 })
        try wait(until: "it asks") { terminal.errorText.contains("Passphrase") || !terminal.isRunning }
        let text = try String(contentsOfFile: folder.path("modes.pid"), encoding: .utf8)
        let process = try #require(Int32(text.trimmingCharacters(in: .newlines)))
        let keys = try Command.require(["pgrep", "-P", "\(process)", "-x", "twiliofs-keys"]).lines
        kill(name == "twiliofs" ? process : try #require(keys.first.flatMap(Int32.init)), SIGTERM)
        _ = try terminal.wait()
        let modes = try String(contentsOfFile: folder.path("modes"), encoding: .utf8)
        let words = modes.split(whereSeparator: \.isWhitespace)
        for mode in ["echo", "icanon", "isig"] { #expect(words.contains(Substring(mode)), "\(modes)") }
    }

    @Test("SIGHUP has a mount in the background read its files again, and doesn't end it")
    func hangup() throws {
        let account = try Self.account.get()
        let folder = try TemporaryFolder()
        let file = try folder.secretFile("token", account.simulator.credentials.authToken)
        let mount = try BackgroundMount(
            account, options: ["--no-key", "--auth-token-file", file], environment: ["TWILIO_AUTH_TOKEN": ""])
        for count in 1...3 {
            mount.send(SIGHUP)
            #expect(
                eventually {
                    mount.log.split(separator: "\n").count { $0.contains("hold the same as before") } == count
                })
            #expect(try mount.answers)
        }
    }
}
