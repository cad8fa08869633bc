import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

/// What the kernel tells of a mount's process.
struct ServingProcess {
    let processID: Int32

    /// The values of a field of `status` of all threads, `NoNewPrivs` for instance.
    func status(_ field: String) -> Set<String> {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/task")) ?? []
        return Set(threads.compactMap { ProcessFiles(processID).status(field, ofThread: $0) })
    }

    /// Its doorkeepers.
    var doorkeepers: [Int32] {
        get throws {
            try Command.run(["pgrep", "-P", "\(processID)", "-x", "twiliofs-door"]).lines.compactMap(Int32.init)
        }
    }

    /// Its key processes: the first is its own child, and the others are its doorkeeper's.
    var keyProcesses: [Int32] {
        get throws {
            let parents = try ([processID] + doorkeepers).map(String.init).joined(separator: ",")
            // Without those that have ended and wait for their parent to ask.
            return try Command.run(["pgrep", "-x", "-r", "R,S,D", "-P", parents, "twiliofs-keys"]).lines.compactMap(
                Int32.init)
        }
    }

    /// How files can be opened by its threads; each error that one of them had.
    func opening(_ paths: [String]) throws -> [String: [String]] {
        let output = try Python.run("open_in_threads", ["\(processID)"] + paths).output
        return try JSONDecoder().decode([String: [String]].self, from: output)
    }
}

extension ProcessFiles {
    /// The value of a field of a thread's `status`.
    fileprivate func status(_ field: String, ofThread thread: String) -> String? {
        text("task/\(thread)/status")?.split(separator: "\n").first { $0.hasPrefix("\(field):") }
            .map { $0.dropFirst(field.count + 1).split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    }
}

extension Trait where Self == ConditionTrait {
    /// Runs the test where processes can be confined.
    static var needsLandlock: Self { .enabled(if: KernelSupport.hasLandlock, "the kernel has no Landlock") }

    /// Runs the test where it can have another process's threads open files.
    static var canUseThreads: Self {
        #if arch(x86_64)
            .enabled(if: getuid() == 0, "needs root")
        #else
            .disabled("is written for x86_64")
        #endif
    }
}

@Suite("A confined mount", .orderly, .needsFUSE)
struct ConfinedMountTests {
    private let account: SimulatedAccount
    private let folder: TemporaryFolder

    init() throws {
        account = try SimulatedAccount(media: TestMedia.small)
        folder = try TemporaryFolder()
        try folder.secretFile("secrets/token", account.simulator.credentials.authToken)
    }

    private func mount(_ options: [String] = [], in cache: String = "cache") throws -> MountedAccount {
        let mount = try MountedAccount(
            account, options: ["--auth-token-file", folder.path("secrets/token")] + options,
            cacheFolder: folder.path(cache), environment: ["TWILIO_AUTH_TOKEN": ""])
        // The mount is there a moment before the process is confined.
        try Command.shell("ls recordings >/dev/null", directory: mount.path)
        return mount
    }

    /// Waits until all threads are confined.
    private func confined(_ mount: MountedAccount) throws -> ServingProcess {
        let process = ServingProcess(processID: mount.process.processID)
        try wait(until: "all threads are confined") { process.status("NoNewPrivs") == ["1"] }
        return process
    }

    @Test("All threads reach the cache, and neither secrets nor what isn't theirs", .canUseThreads, .needsLandlock)
    func threads() throws {
        let mount = try mount()
        _ = try Command.shell("cat recordings/* >/dev/null", directory: mount.path)
        let process = try confined(mount)
        let ours = try folder.file("cache/ours", "ours")
        let theirs = try folder.file("elsewhere/theirs", "theirs")
        let forbidden = [
            theirs, folder.path("secrets/token"), folder.path("secrets"), "/root", "/bin/sh", "/dev/fuse", "/tmp",
            "/proc/1/environ",
        ]
        let outcomes = try process.opening(forbidden + [ours, "/dev/null", "/etc/hosts"])
        for path in forbidden { #expect(outcomes[path] == ["EACCES"], "\(path): \(outcomes[path] ?? [])") }
        for path in [ours, "/dev/null", "/etc/hosts"] { #expect(outcomes[path] == ["ok"], "\(path)") }
        // It goes on all the same.
        try Command.shell("cat video-recordings/* >/dev/null; ls -l metadata/*", directory: mount.path)
        #expect(try mount.unmount().end == .exited(0))
        #expect(!mount.isMounted)
    }

    @Test("No program that it starts would get a descriptor, and what it has created is its user's alone")
    func inheritance() throws {
        let mount = try BackgroundMount(
            account, wrapper: ["sh", "-c", #"umask 0; exec "$@""#, "sh"], options: ["--no-key"])
        try Command.shell(
            "cat recordings/* >/dev/null 2>&1 || true; cat metadata/*/* >/dev/null", directory: mount.path)
        let process = ProcessFiles(mount.processID)
        for (number, target) in try mount.descriptors where number > 2 {
            let line = process.text("fdinfo/\(number)")?.split(separator: "\n").first { $0.hasPrefix("flags:") }
            // A descriptor that was closed meanwhile has none.
            guard let flags = line?.split(separator: "\t").last.flatMap({ Int32($0, radix: 8) }) else { continue }
            #expect(flags & O_CLOEXEC != 0, "\(number): \(target)")
        }
        let modes = try Command.require([
            "find", mount.folder.path("cache"), mount.folder.path("log"), "-printf", "%m\\n",
        ])
        #expect(Set(modes.lines) == ["700", "600"])
    }

    @Test("Its doorkeepers end with it, and hold nothing of it", .needsLandlock)
    func doorkeeper() throws {
        let mount = try mount()
        let process = try confined(mount)
        let doorkeepers = try process.doorkeepers
        #expect(doorkeepers.count == 2)
        let token = account.simulator.credentials.authToken
        for doorkeeper in doorkeepers {
            let files = ProcessFiles(doorkeeper)
            for file in ["environ", "cmdline"] {
                let text = try #require(files.text(file))
                #expect(!text.contains(token) && !text.contains("TWILIO"))
            }
            #expect(files.descriptors.values.filter { $0 == "/dev/null" }.count == 3)
            #expect(files.descriptors.values.filter { $0.hasPrefix("socket:") }.count == 1)
            #expect(files.descriptors.count == 4, "\(files.descriptors)")
            // The signals of a terminal, which all its processes get, are none of its own.
            for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] { kill(doorkeeper, signal) }
        }
        try folder.secretFile("secrets/token", token + "\n\n")
        mount.process.send(SIGHUP)
        #expect(mount.hasLogged("hold the same as before"))
        #expect(try mount.unmount().end == .exited(0))
        #expect(!mount.isMounted)
        try wait(until: "they end") { doorkeepers.allSatisfy { kill($0, 0) != 0 } }
    }

    @Test("A mount whose doorkeepers have ended says so and serves on, and another process unmounts it", .needsLandlock)
    func deadDoorkeeper() throws {
        let mount = try mount()
        let process = try confined(mount)
        for doorkeeper in try process.doorkeepers { kill(doorkeeper, SIGKILL) }
        #expect(
            mount.hasLogged(
                "a doorkeeper process has ended, so credentials", "a doorkeeper process has ended, so this process"))
        mount.process.send(SIGHUP)
        #expect(mount.hasLogged("stays as it was"))
        try Command.shell("cat recordings/* >/dev/null", directory: mount.path)
        try Command.require([BuiltPrograms.twiliofs, "unmount", mount.path])
        #expect(try mount.process.wait(seconds: 30).end == .exited(0))
    }

    @Test("A signal that can't unmount ends the process with a failure, and the reason is told", .needsLandlock)
    func failedUnmount() throws {
        let mount = try mount()
        let process = try confined(mount)
        for doorkeeper in try process.doorkeepers { kill(doorkeeper, SIGKILL) }
        let result = try mount.unmount()
        #expect(result.end != .exited(0) && mount.isMounted)
        #expect(mount.log.contains("unmounting failed"), "\(mount.log)")
        #expect(result.errorText.contains("twiliofs: '\(mount.path)' can't be unmounted"), "\(result.errorText)")
        umount2(mount.path, 2 /* MNT_DETACH */)
    }

    @Test(
        "Something that is mounted on top keeps it from unmounting, which is a failure too",
        .enabled(if: getuid() == 0, "needs root"), arguments: [[], ["--no-landlock"]])
    func hiddenMount(options: [String]) throws {
        let mount = try mount(options)
        try #require(Glibc.mount("none", mount.path, "tmpfs", 0, nil) == 0)
        let result = try mount.unmount()
        #expect(result.end == .exited(10), "\(result.errorText)")
        #expect(result.errorText.contains("another file system is mounted on top of it"), "\(result.errorText)")
        for _ in 0..<2 { umount2(mount.path, 2 /* MNT_DETACH */) }
    }

    @Test("Certificate authorities behind links are reached by the confined process", .canUseThreads, .needsLandlock)
    func linkedAuthorities() throws {
        let secure = try SimulatedAccount(media: TestMedia.small) { $0.tls = true }
        let authority = try #require(secure.simulator.authorityFile)
        for name in ["live", "archive"] { try folder.folder(name) }
        try FileManager.default.copyItem(atPath: authority, toPath: folder.path("archive/ca1.pem"))
        #expect(symlink("../archive/ca1.pem", folder.path("live/ca.pem")) == 0)
        let mount = try MountedAccount(
            secure, keys: [], options: ["--ca-file", folder.path("live/ca.pem")], namesAuthority: false)
        let outcomes = try confined(mount).opening([folder.path("live/ca.pem"), folder.path("secrets/token")])
        #expect(outcomes[folder.path("live/ca.pem")] == ["ok"])
        #expect(outcomes[folder.path("secrets/token")] == ["EACCES"])
        #expect(try mount.unmount().end == .exited(0))
    }

    @Test("A file that takes a secret's place is read, and so is the log file's successor, whatever their folder")
    func replacedFiles() throws {
        let mount = try BackgroundMount(
            account, options: ["--no-key", "--auth-token-file", folder.path("secrets/token")],
            environment: ["TWILIO_AUTH_TOKEN": ""])
        try folder.secretFile("secrets/token", "another-token-a91c")
        let log = mount.folder.path("log")
        try FileManager.default.moveItem(atPath: log, toPath: log + ".1")
        mount.send(SIGHUP)
        try wait(until: "both are noticed") {
            mount.log.contains("the auth token in") && mount.log.contains("was read again and has changed")
        }
        #expect(mount.log.contains("was reopened"))
    }

    @Test("--no-landlock leaves a process with the rights of its user, and without a doorkeeper")
    func switchedOff() throws {
        let mount = try mount(["--no-landlock"])
        let process = ServingProcess(processID: mount.process.processID)
        #expect(process.status("NoNewPrivs") == [ServingProcess(processID: getpid()).status("NoNewPrivs").first])
        #expect(try process.doorkeepers == [])
        #expect(try mount.unmount().end == .exited(0))
    }
}
