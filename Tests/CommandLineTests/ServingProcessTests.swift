import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("The serving process", .orderly, .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)))
struct ServingProcessTests {
    private static let account = Result { try SimulatedAccount(media: TestMedia.small) }

    /// Every combination of closed standard descriptors, as the shell writes it.
    private static let closedDescriptors = (0..<8).map { bits in
        [(1, "0<&-"), (2, "1>&-"), (4, "2>&-")].filter { bits & $0.0 != 0 }.map(\.1).joined(separator: " ")
    }

    @Test("A mount is made whichever standard descriptors are closed", arguments: closedDescriptors)
    func closedStandardDescriptors(_ redirections: String) throws {
        let wrapper = ["sh", "-c", #"exec "$@" "# + redirections, "sh"]
        let mount = try BackgroundMount(try Self.account.get(), wrapper: wrapper)
        #expect(mount.result.text + mount.result.errorText == "")
        #expect(try mount.answers)
        let descriptors = try mount.descriptors
        for number in 0...1 { #expect(descriptors[number] == "/dev/null") }
        // What is written there is told when the process crashes.
        #expect(descriptors[2]?.hasPrefix("/memfd:") == true)
    }

    @Test("Neither programs nor the end wait for a log that nobody reads")
    func unreadLog() throws {
        let folder = try TemporaryFolder()
        let pipe = folder.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        // Open for reading and writing, so that neither side waits for the other.
        let reader = open(pipe, O_RDWR | O_CLOEXEC)
        defer { close(reader) }
        let account = try Self.account.get()
        let mount = try MountedAccount(
            account, keys: [], options: ["--log-level", "debug"], wrapper: ["sh", "-c", "exec \"$@\" 2>\"$0\"", pipe])
        // Each is logged, which is more than a pipe holds.
        try Python.run("open_paths", "often", mount.path(of: account.original("long.wav")), seconds: 20)
        var waiting: Int32 = 0
        #expect(ioctl(reader, UInt(FIONREAD), &waiting) == 0 && waiting > 60_000, "\(waiting) bytes wait to be read")
        try Command.shell("ls -l recordings >/dev/null", directory: mount.path)
        mount.process.send(SIGTERM)
        #expect(try mount.process.wait().end == .exited(0))
    }

    @Test("A start that fails says so, and its status, whichever other descriptors are closed")
    func failureWithoutDescriptors() throws {
        for redirections in Self.closedDescriptors {
            for mode in [["-f"], []] {
                let result = try Command.run(
                    ["sh", "-c", #"exec "$@" "# + redirections, "sh", BuiltPrograms.twiliofs, "mount"] + mode
                        + ["--no-key", "/nowhere/at/all"],
                    adding: MountedAccount.environment(try Self.account.get()), seconds: 20)
                #expect(result.end == .exited(10), "\(redirections)")
                #expect(result.errorText.contains("/nowhere/at/all") == !redirections.contains("2>&-"))
                #expect(result.text == "")
            }
        }
    }

    @Test("An ignored SIGCHLD, which is inherited, doesn't hide the status of a failure")
    func ignoredChildSignal() throws {
        let result = try Command.run(
            [
                "env", "--ignore-signal=CHLD", BuiltPrograms.twiliofs, "mount", "--no-key", "/nowhere/at/all",
            ], adding: MountedAccount.environment(try Self.account.get()), seconds: 20)
        #expect(result.end == .exited(10), "\(result.errorText)")
    }

    @Test("It has none of the descriptors of the process that started it: a lock ends with `twiliofs mount`")
    func inheritedDescriptors() throws {
        let locks = try TemporaryFolder()
        for name in ["a", "b", "c", "lock"] { try locks.file(name, "") }
        // A descriptor for each way of opening, low ones and one far up, and flock(1)'s own.
        let script = #"exec 3<"$0/a" 4>>"$0/b" 77<>"$0/c"; exec flock -n "$0/lock" "$@""#
        let mount = try BackgroundMount(
            try Self.account.get(), wrapper: ["bash", "-c", script, locks.url.path])
        #expect(try Command.run(["flock", "-n", locks.path("lock"), "true"]).end == .exited(0))
        #expect(try !mount.descriptors.values.contains { $0.hasPrefix(locks.url.path) || $0.hasPrefix("pipe:") })
        #expect(try mount.answers)
    }

    @Test("In the foreground, descriptors that a supervisor has opened stay open")
    func foregroundKeepsDescriptors() throws {
        let locks = try TemporaryFolder()
        let mount = try MountedAccount(
            try Self.account.get(), keys: [], wrapper: ["flock", "-n", "--no-fork", locks.path("lock")])
        #expect(try Command.run(["flock", "-n", locks.path("lock"), "true"]).end == .exited(1))
        try mount.unmount()
        #expect(try Command.run(["flock", "-n", locks.path("lock"), "true"]).end == .exited(0))
    }

    @Test("ps and pgrep call it twiliofs")
    func name() throws {
        let mount = try BackgroundMount(try Self.account.get())
        let process = String(mount.processID)
        #expect(try Command.require(["ps", "-o", "comm=", "-p", process]).lines == ["twiliofs"])
        #expect(try Command.require(["ps", "-ww", "-o", "args=", "-p", process]).text.contains("twiliofs mount "))
        #expect(try Command.require(["pgrep", "-x", "twiliofs"]).lines.contains(process))
    }

    @Test("Secrets can come from a shell's process substitution, whose pipes aren't kept")
    func processSubstitution() throws {
        let account = try Self.account.get()
        let key = try KeyPair.shared
        let script = #"""
            exec "$@" --auth-token-file <(sleep 0.2; printf '%s\n' "$TOKEN") --key <(cat "$KEY") \
                --key-passphrase-file <(cat "$PASSPHRASE")
            """#
        let mount = try BackgroundMount(
            account,
            wrapper: ["bash", "-c", "mount=${@: -1}; set -- \"${@:1:$#-1}\"; " + script + " \"$mount\"", "bash"],
            options: [],
            environment: [
                "TWILIO_AUTH_TOKEN": "", "TOKEN": account.simulator.credentials.authToken,
                "KEY": key.privateKey(.encryptedPKCS8), "PASSPHRASE": key.passphraseFile,
            ])
        #expect(mount.result.errorText == "")
        #expect(try mount.answers)
        #expect(try !mount.descriptors.values.contains { $0.hasPrefix("pipe:") })
    }

    @Test("Neither its environment nor its arguments hold a secret", arguments: [true, false])
    func secrets(_ isInBackground: Bool) throws {
        let account = try Self.account.get()
        let environment = [
            "TWILIO_API_KEY": account.simulator.credentials.apiKey,
            "TWILIO_API_SECRET": account.simulator.credentials.apiSecret,
            "TWILIO_API_KEY_SECRET": account.simulator.credentials.apiSecret, "INNOCENT": "stays",
        ]
        let background = isInBackground ? try BackgroundMount(account, environment: environment) : nil
        let foreground = isInBackground ? nil : try MountedAccount(account, keys: [], environment: environment)
        let process = try #require(background?.processID ?? foreground?.process.processID)
        for file in ["environ", "cmdline"] {
            let text = try #require(ProcessFiles(process).text(file))
            #expect(text.contains(file == "environ" ? "INNOCENT=stays" : "mount"))
            for secret in [account.simulator.credentials.authToken, account.simulator.credentials.apiSecret] {
                #expect(!text.contains(secret), "\(file)")
            }
        }
        if let background { #expect(try background.answers) }
    }
}
