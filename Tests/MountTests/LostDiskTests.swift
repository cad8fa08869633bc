import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite(
    "A file on a disk that doesn't answer any more", .orderly, .needsFUSE, .enabled(if: getuid() == 0, "needs root"))
struct LostDiskTests {
    /// A mount whose process is stopped: whoever opens a file in it waits, as for a server that is gone.
    private final class LostDisk: Sendable {
        let mount: MountedAccount

        init(_ account: SimulatedAccount) throws {
            mount = try MountedAccount(account, keys: [])
            try wait(until: "it answers") { try Command.run(["stat", mount.path + "/recordings"]).end == .exited(0) }
            mount.process.send(SIGSTOP)
        }

        /// A name that the kernel has to ask for.
        func path(_ name: String) -> String { "\(mount.path)/\(name)" }

        deinit {
            mount.process.kill()
            umount2(mount.path, 2 /* MNT_DETACH */)
        }
    }

    private let account: SimulatedAccount
    private let folder: TemporaryFolder

    init() throws {
        account = try SimulatedAccount(media: TestMedia.small)
        folder = try TemporaryFolder()
        try folder.secretFile("files/token", account.simulator.credentials.authToken)
        try folder.secretFile("files/key.pem", KeyPair.shared.privatePEM)
    }

    private func mount() throws -> MountedAccount {
        let mount = try MountedAccount(
            account, keys: [folder.path("files/key.pem")],
            options: ["--auth-token-file", folder.path("files/token"), "--log-file", folder.path("files/log")],
            environment: ["TWILIO_AUTH_TOKEN": ""])
        try wait(until: "it is mounted") { log.contains("info: mounted") }
        return mount
    }

    private var log: String { (try? String(contentsOfFile: folder.path("kept/log"), encoding: .utf8)) ?? firstLog }
    private var firstLog: String { (try? String(contentsOfFile: folder.path("files/log"), encoding: .utf8)) ?? "" }

    /// Whether a process waits for the disk.
    private static func waits(_ process: Int32) -> Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return threads.contains { thread in
            // The function of the kernel in which it waits, or the number of its system call: open, openat, stat…
            let place = ProcessFiles(process).text("task/\(thread)/wchan") ?? ""
            return place.contains("request_wait") || place.contains("fuse")
        }
    }

    @Test(
        "A signal ends the mount although a file with secrets, or the log, is on a disk that doesn't answer any more",
        .needsLandlock, arguments: ["token", "log", "key.pem"])
    func signal(file: String) throws {
        let mount = try mount()
        let serving = ServingProcess(processID: mount.process.processID)
        let doorkeepers = try serving.doorkeepers
        #expect(doorkeepers.count == 2)
        try wait(until: "it is confined") { serving.status("NoNewPrivs") == ["1"] }
        let disk = try LostDisk(account)
        if file == "log" {
            #expect(rename(folder.path("files"), folder.path("kept")) == 0)
            #expect(symlink(disk.path("unknown"), folder.path("files")) == 0)
        } else {
            unlink(folder.path("files/\(file)"))
            #expect(symlink(disk.path("unknown"), folder.path("files/\(file)")) == 0)
        }
        mount.process.send(SIGHUP)
        try wait(until: "something waits for the disk") {
            (doorkeepers + [mount.process.processID]).contains(where: Self.waits)
        }
        #expect(mount.isMounted)
        try Command.require(["ls", mount.path + "/recordings"], seconds: 20)
        let start = ContinuousClock.now
        mount.process.send(SIGTERM)
        let result = try mount.process.wait(seconds: 25)
        #expect(result.end == .exited(0), "\(result.errorText)")
        #expect(!mount.isMounted)
        // Less than the wait for an answer of a doorkeeper.
        #expect(ContinuousClock.now - start < .seconds(25), "\(log)")
        #expect(log.contains("info: unmounted"), "\(log)")
    }
}
