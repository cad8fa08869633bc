import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("--user", .orderly, .needsFUSE, .enabled(if: getuid() == 0, "needs root"))
struct ServingUserTests {
    /// A system's account, which every Debian has.
    private static let (name, user, group): (String, uid_t, gid_t) = ("nobody", 65534, 65534)

    private let account: SimulatedAccount
    private let folder: TemporaryFolder

    init() throws {
        account = try SimulatedAccount(media: TestMedia.small)
        folder = try TemporaryFolder()
        // Of root alone, as a service's are.
        try folder.secretFile("secrets/token", account.simulator.credentials.authToken)
        try folder.secretFile("secrets/key.pem", KeyPair.shared.privatePEM)
        #expect(chmod(folder.path("secrets"), 0o700) == 0)
        try folder.folder("log")
        #expect(chmod(folder.path("log"), 0o700) == 0)
    }

    private func mount(_ options: [String] = []) throws -> BackgroundMount {
        try BackgroundMount(
            account,
            options: [
                "--user", Self.name, "--auth-token-file", folder.path("secrets/token"), "--key",
                folder.path("secrets/key.pem"), "--log-file", folder.path("log/log"),
            ] + options, environment: ["TWILIO_AUTH_TOKEN": ""])
    }

    private var log: String { (try? String(contentsOfFile: folder.path("log/log"), encoding: .utf8)) ?? "" }

    private static func asUser(_ words: [String]) throws -> CommandResult {
        try Command.run(ShellScript.asUser(Int(user), group: Int(group)) + words)
    }

    @Test("All threads belong to the user, without a capability or a group of root's, and can't get one")
    func rights() throws {
        let mount = try mount()
        let process = ServingProcess(processID: mount.processID)
        try wait(until: "root is given up") { process.status("NoNewPrivs") == ["1"] }
        #expect(process.status("Uid") == ["65534 65534 65534 65534"])
        #expect(process.status("Gid") == ["65534 65534 65534 65534"])
        #expect(process.status("Groups").isSubset(of: ["65534", ""]))
        for set in ["CapPrm", "CapEff", "CapInh", "CapAmb"] {
            #expect(process.status(set) == ["0000000000000000"], "\(set)")
        }
        // Neither dumps nor other processes of the user get its memory: its files in /proc belong to root.
        let limits = try #require(ProcessFiles(mount.processID).text("limits"))
        #expect(limits.contains(/Max core file size +0 +0/))
        for file in ["environ", "mem", "maps"] {
            #expect(try Self.asUser(["cat", "/proc/\(mount.processID)/\(file)"]).end != .exited(0), "\(file)")
        }
    }

    @Test("The mount and its files are the user's, and not even root's")
    func ownership() throws {
        let mount = try mount()
        let recording = try account.original("long.wav")
        let path = "\(mount.path)/\(recording.file.mountedPath(sid: recording.sid))"
        let result = try Self.asUser(["stat", "-c", "%u %g %a", path])
        #expect(result.text == "65534 65534 600\n", "\(result.errorText)")
        #expect(try Self.asUser(["sha256sum", path]).text.hasPrefix(recording.file.sha256))
        #expect(try Command.run(["ls", mount.path]).end != .exited(0))
        // The cache is the user's as well, with everything in it.
        let owners = try Command.require(["find", mount.folder.path("cache"), "-printf", "%u:%m\\n"]).lines
        #expect(owners.count > 3 && owners.allSatisfy { $0.hasPrefix("nobody:") }, "\(Set(owners))")
    }

    @Test("Secrets and the log that only root can reach are read and opened again")
    func rereading() throws {
        let mount = try mount()
        try wait(until: "it is mounted") { log.contains("mounted") }
        try folder.secretFile("secrets/token", "another-token-51c0")
        try FileManager.default.moveItem(atPath: folder.path("log/log"), toPath: folder.path("log/log.1"))
        mount.send(SIGHUP)
        try wait(until: "both are noticed") { log.contains("the auth token in") && log.contains("has changed") }
        #expect(log.contains("was reopened"))
        // A key is read again only when its file has changed, which the user can't see.
        let other = try KeyPair.other
        try folder.secretFile("secrets/key.pem", other.privatePEM)
        mount.send(SIGHUP)
        try wait(until: "the key is read") { log.contains(/the private key in .* was read again and has changed/) }
    }

    @Test("Key processes are the user's, also the one that reads a replaced file that only root can reach")
    func replacedKey() throws {
        try folder.secretFile("secrets/key.pem", KeyPair.other.privatePEM)
        try folder.secretFile("secrets/passphrase", KeyPair.passphrase)
        let mount = try mount(["--key-passphrase-file", folder.path("secrets/passphrase")])
        func keyProcesses() throws -> [Int32] {
            try ServingProcess(processID: mount.processID).keyProcesses
        }
        func expectUser(of process: Int32) {
            let process = ServingProcess(processID: process)
            for field in ["Uid", "Gid"] { #expect(process.status(field) == ["65534 65534 65534 65534"]) }
            #expect(process.status("Groups").isSubset(of: ["65534", ""]))
            for set in ["CapPrm", "CapEff", "CapInh"] { #expect(process.status(set) == ["0000000000000000"], "\(set)") }
            #expect(process.status("NoNewPrivs") == ["1"])
        }
        let former = try keyProcesses()
        expectUser(of: try #require(former.first))
        try wait(until: "root is given up") {
            ServingProcess(processID: mount.processID).status("NoNewPrivs") == ["1"]
        }
        try folder.secretFile(
            "secrets/key.pem", String(contentsOfFile: KeyPair.shared.privateKey(.encryptedPKCS8), encoding: .utf8))
        mount.send(SIGHUP)
        try wait(until: "the key is read") { log.contains(/the private key in .* was read again and has changed/) }
        try wait(until: "there is one process, and another") {
            let now = try keyProcesses()
            return now.count == 1 && now != former
        }
        expectUser(of: try #require(try keyProcesses().first))
        let recording = try account.original("long.wav")
        let path = "\(mount.path)/\(recording.file.mountedPath(sid: recording.sid))"
        try wait(until: "the recording is read with the new key") {
            try Self.asUser(["sha256sum", path]).text.hasPrefix(recording.file.sha256)
        }
    }

    @Test("A signal unmounts it, and so does the user with twiliofs unmount", arguments: [true, false])
    func unmounting(isBySignal: Bool) throws {
        let mount = try mount()
        if isBySignal {
            mount.send(SIGTERM)
        } else {
            // Root's own `twiliofs unmount` needs no such rights.
            let result = try Self.asUser([BuiltPrograms.twiliofs, "unmount", mount.path])
            #expect(result.end == .exited(0), "\(result.errorText)")
        }
        try wait(until: "it ends") { mount.hasEnded && !MountedAccount.isMounted(mount.path) }
        #expect(log.contains("unmounted") && !log.contains("error:"), "\(log)")
    }

    /// Mounts on the place of another mount; returns what was printed.
    private func mountAgain(_ mount: BackgroundMount, _ options: [String] = []) throws -> CommandResult {
        try Command.run(
            [
                BuiltPrograms.twiliofs, "mount", "--no-key", "--user", Self.name, "--cache-dir",
                mount.folder.path("cache"), "--log-file", folder.path("log/log"),
            ] + options + [mount.path], adding: MountedAccount.environment(account), seconds: 30)
    }

    /// The processes that serve a path.
    private func servers(of mount: BackgroundMount) throws -> [Int32] {
        try Command.run(["pgrep", "-f", "twiliofs mount.*\(mount.path)$"]).lines.compactMap(Int32.init)
    }

    @Test("A dead mount of the user's is removed by the next one, and a living one is replaced")
    func successors() throws {
        let mount = try mount()
        kill(mount.processID, SIGKILL)
        try wait(until: "it is dead") { mount.hasEnded }
        let dead = try mountAgain(mount)
        #expect(dead.end == .exited(0), "\(dead.errorText)")
        #expect(dead.errorText.contains("whose process had died, was removed"))
        let first = try servers(of: mount)
        #expect(first.count == 1)
        let busy = try mountAgain(mount)
        #expect(busy.end == .exited(10) && busy.errorText.contains("--replace"), "\(busy.errorText)")
        let replaced = try mountAgain(mount, ["--replace"])
        #expect(replaced.end == .exited(0), "\(replaced.errorText)")
        #expect(replaced.errorText.contains("was replaced"))
        try wait(until: "the former one has ended") { try servers(of: mount).allSatisfy { !first.contains($0) } }
        #expect(try Self.asUser(["ls", mount.path + "/recordings"]).lines.count == 3)
        for process in try servers(of: mount) { kill(process, SIGTERM) }
        try wait(until: "it ends") { try servers(of: mount).isEmpty && !MountedAccount.isMounted(mount.path) }
        #expect(!log.contains("error:"), "\(log)")
    }

    @Test("With -o auto_unmount its mount goes with the process, by a process of root's")
    func autoUnmount() throws {
        let mount = try mount(["-o", "auto_unmount"])
        let watch = try Command.run(["pgrep", "-f", "watch-mount.*\(mount.path)$"]).lines.compactMap(Int32.init)
        #expect(watch.count == 1)
        #expect(ProcessFiles(try #require(watch.first)).status("Uid")?.split(separator: "\t") == ["0", "0", "0", "0"])
        kill(mount.processID, SIGKILL)
        #expect(eventually { !MountedAccount.isMounted(mount.path) })
    }

    @Test("A log in the user's own folder is opened with the user's rights, wherever a link leads")
    func hostileFolder() throws {
        let own = try folder.folder("own")
        #expect(chown(own, Self.user, Self.group) == 0)
        // As the user may do at any time.
        #expect(symlink(folder.path("log"), own + "/link") == 0 && lchown(own + "/link", Self.user, Self.group) == 0)
        let result = try Command.run(
            [
                BuiltPrograms.twiliofs, "mount", "--no-key", "--user", Self.name, "--cache-dir", folder.path("cache"),
                "--log-file", own + "/link/log", try folder.folder("mount"),
            ], adding: MountedAccount.environment(account))
        #expect(result.end == .exited(17))
        #expect(result.errorText.contains("Permission denied"), "\(result.errorText)")
        #expect(access(folder.path("log/log"), F_OK) != 0)
    }

    @Test(
        "What can't be is said",
        arguments: [
            (["--user", "no-such-user"], 17, "there is no user 'no-such-user'"),
            (["--user", "root"], 17, "'--user root' is root"), (["--user", "0"], 17, "is root"),
            (["--user", "4000000000"], 17, "there is no user"), (["--user", "nobody"], 16, "can't be made"),
        ] as [([String], Int32, String)])
    func refusals(options: [String], status: Int32, sentence: String) throws {
        let result = try Command.run(
            [BuiltPrograms.twiliofs, "mount", "--no-key"] + options + [try folder.folder("mount")],
            adding: MountedAccount.environment(account))
        #expect(result.end == .exited(status))
        #expect(result.errorText.contains(sentence), "\(result.errorText)")
        #expect(result.errorText.split(separator: "\n").count == 1)
    }

    @Test("A cache folder that the user can't write to is refused, and only root can give the option")
    func refusedFolder() throws {
        let words = [BuiltPrograms.twiliofs, "mount", "--no-key", "--user", Self.name, "--cache-dir"]
        let mountPoint = try folder.folder("mount")
        let variables = MountedAccount.environment(account)
        let root = try folder.folder("roots")
        #expect(chmod(root, 0o755) == 0)
        let refused = try Command.run(words + [root, mountPoint], adding: variables)
        #expect(refused.end == .exited(16) && refused.errorText.contains("Permission denied"), "\(refused.errorText)")
        let user = ShellScript.asUser(Int(Self.user), group: Int(Self.group))
        let another = try Command.run(user + words + [folder.path("cache"), mountPoint], adding: variables)
        #expect(another.end == .exited(17) && another.errorText.contains("only root can give --user"))
    }
}
