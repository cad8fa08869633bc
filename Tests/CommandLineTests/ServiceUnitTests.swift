import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

/// The unit of `packaging/systemd`.
private struct ServiceUnit {
    let text: String

    init() throws {
        let file = BuiltPrograms.package.appending(path: "packaging/systemd/twiliofs@.service")
        text = try String(contentsOf: file, encoding: .utf8).replacing("\\\n", with: " ")
    }

    /// All values of a setting.
    func values(_ name: String) -> [String] {
        text.split(separator: "\n").filter { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
    }

    /// The names of all settings.
    var names: Set<String> {
        Set(
            text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
                line.firstIndex(of: "=").map { String(line[..<$0]) }
            })
    }

    /// The words of a command, for an instance.
    func words(_ name: String, variables: [String: String]) -> [String] {
        let command = values(name).first ?? ""
        return command.split(separator: " ").flatMap { word -> [String] in
            if word.hasPrefix("$"), !word.hasPrefix("${") {
                return (variables[String(word.dropFirst())] ?? "").split(separator: " ").map(String.init)
            }
            return [variables.reduce(String(word)) { $0.replacing("${\($1.key)}", with: $1.value) }]
        }
    }
}

@Suite("The unit for systemd", .orderly)
struct ServiceUnitTests {
    /// The most exposure that systemd may find, of 100: doc/SERVICE.md says what the rest is.
    private static let mostExposure = 47

    private func systemdAnalyze(_ arguments: [String]) throws -> CommandResult {
        let folder = try TemporaryFolder()
        let unit = try folder.file(
            "twiliofs@.service",
            ServiceUnit().text.replacing("/usr/local/bin/twiliofs", with: BuiltPrograms.twiliofs))
        // It needs no manager, and asks for none.
        return try Command.run(["systemd-analyze"] + arguments + [unit], adding: ["SYSTEMD_LOG_LEVEL": "warning"])
    }

    @Test("It has no fault that systemd finds")
    func verification() throws {
        let result = try systemdAnalyze(["verify", "--man=no"])
        #expect(result.end == .exited(0))
        let lines = result.errorText.split(separator: "\n").filter { $0.contains("twiliofs") }
        #expect(lines == [])
    }

    @Test("It is no more exposed by systemd's measure than is written down")
    func exposure() throws {
        let result = try systemdAnalyze([
            "security", "--offline=true", "--threshold=\(Self.mostExposure)", "--no-pager",
        ])
        #expect(result.end == .exited(0), "\(result.lines.last ?? "")")
        let document = try String(
            contentsOf: BuiltPrograms.package.appending(path: "doc/SERVICE.md"), encoding: .utf8)
        #expect(document.contains("\(Self.mostExposure / 10).\(Self.mostExposure % 10)"))
    }

    @Test("It has no setting with which nobody else would see the mount, and each of them is explained")
    func visibility() throws {
        // systemd.exec(5): a mount in a unit with one of these stays in its own namespace.
        let hiding: Set = [
            "PrivateMounts", "MountFlags", "PrivateTmp", "PrivateDevices", "PrivateUsers", "PrivateIPC", "DynamicUser",
            "ProtectSystem", "ProtectHome", "ProtectKernelTunables", "ProtectKernelModules", "ProtectKernelLogs",
            "ProtectControlGroups", "ProtectProc", "ProcSubset", "ReadOnlyPaths", "ReadWritePaths",
            "InaccessiblePaths", "ExecPaths", "NoExecPaths", "TemporaryFileSystem", "BindPaths", "BindReadOnlyPaths",
            "RootDirectory", "RootImage", "MountAPIVFS",
        ]
        let unit = try ServiceUnit()
        #expect(unit.names.isDisjoint(with: hiding))
        let document = try String(
            contentsOf: BuiltPrograms.package.appending(path: "doc/SERVICE.md"), encoding: .utf8)
        for name in hiding { #expect(document.contains("`\(name)"), "\(name)") }
        for name in ["User", "IPAddressDeny", "PrivateNetwork", "ProtectClock"] {
            #expect(document.contains("`\(name)"), "\(name)")
        }
    }

    @Test(
        "Its command mounts with its capabilities and no more, and others see the mount",
        .enabled(if: getuid() == 0, "needs root"),
        .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)))
    func capabilities() throws {
        let unit = try ServiceUnit()
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let token = try folder.secretFile("secrets/token", account.simulator.credentials.authToken)
        let key = try folder.secretFile(
            "secrets/private_key.pem", KeyPair.shared.privatePEM)
        #expect(chmod(folder.path("secrets"), 0o700) == 0)
        let mountPoint = try folder.folder("mount")
        let capabilities = try #require(unit.values("CapabilityBoundingSet").first).split(separator: " ")
            .map { "+" + $0.dropFirst("CAP_".count).lowercased() }
        let variables = [
            "SERVICE_USER": "nobody", "MOUNTPOINT": mountPoint, "OPTIONS": "--auth-token-file \(token) --key \(key)",
        ]
        let words = unit.words("ExecStart", variables: variables).map {
            $0 == "/usr/local/bin/twiliofs"
                ? BuiltPrograms.twiliofs : $0.replacing("/var/cache/twiliofs/%i", with: folder.path("cache"))
        }
        let set = (["-all"] + capabilities).joined(separator: ",")
        let socket = try NotifySocket(folder.path("notify"))
        let process = try RunningCommand(
            ["setpriv", "--bounding-set", set, "--inh-caps", "-all", "--no-new-privs"] + words,
            environment: Command.environment.merging(MountedAccount.environment(account)) { $1 }.merging([
                "TWILIO_AUTH_TOKEN": "", "NOTIFY_SOCKET": folder.path("notify"),
            ]) { $1 })
        defer {
            process.kill()
            umount2(mountPoint, 2 /* MNT_DETACH */)
        }
        try wait(until: "it is ready") { socket.message()?.hasPrefix("READY=1") ?? !process.isRunning }
        #expect(process.isRunning, "\(process.errorText)")
        #expect(ProcessFiles(process.processID).status("CapPrm") == "0000000000000000")
        let list = try Command.run(ShellScript.asUser() + ["ls", "\(mountPoint)/recordings"])
        #expect(list.lines.count > 1, "\(list.errorText)")
        process.send(SIGTERM)
        #expect(try process.wait(seconds: 30).end == .exited(0))
        #expect(!MountedAccount.isMounted(mountPoint))
    }
}
