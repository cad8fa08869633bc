import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@testable import twiliofs

@Suite("The command line", .orderly, .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)))
struct BackgroundTests {
    @Test("In the background it returns when the mount answers, and its process ends with the mount")
    func background() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let mountPoint = try folder.folder("mount")
        defer { umount2(mountPoint, 2 /* MNT_DETACH */) }
        let result = try Command.run(
            [
                BuiltPrograms.twiliofs, "mount", "--cache-dir", folder.path("cache"), "--log-file", folder.path("log"),
                "--no-key", mountPoint,
            ],
            adding: MountedAccount.environment(account), seconds: 20)
        #expect(result.end == .exited(0))
        #expect(result.text + result.errorText == "")
        #expect(try Command.require(["ls", mountPoint + "/recordings"]).lines.count == 3)
        let serving = ["pgrep", "-f", "twiliofs mount.*\(folder.url.path)"]
        #expect(try Command.run(serving).lines.count == 1)
        try Command.require([BuiltPrograms.twiliofs, "unmount", mountPoint])
        #expect(try eventually { try Command.run(serving).lines.isEmpty })
    }

    @Test(
        "Unmounted before the command has returned, a mount isn't told to be there",
        arguments: [
            #"mountpoint -q "$1" && pkill -TERM -f "[r]eady-descriptor.*$1""#, #"umount "$1" 2> /dev/null"#,
        ])
    func unmountedAtOnce(unmounting: String) throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        // Until the lists are here, the command waits for what can't be read; the first two requests check credentials.
        try account.add(faults: #"{"path":"/v1/*","after":2,"action":{"type":"stall","afterBytes":10}}"#)
        let folder = try TemporaryFolder()
        let mountPoint = try folder.folder("mount")
        defer { umount2(mountPoint, 2 /* MNT_DETACH */) }
        let result = try Command.run(
            [
                "sh", "-c",
                #"""
                "$2" mount --cache-dir "$3" --log-file "$4" --key "$5" "$1" & process=$!
                while kill -0 $process && ! { \#(unmounting); }; do sleep 0.01; done
                wait $process
                """#, "sh", mountPoint, BuiltPrograms.twiliofs, folder.path("cache"), folder.path("log"),
                try KeyPair.shared.privateKey(),
            ],
            adding: MountedAccount.environment(account), seconds: 30)
        #expect(result.end == .exited(FailureStatus.mountPoint.rawValue))
        #expect(result.errorText.contains("was unmounted before"), "\(result.errorText)")
    }

    @Test("Help and version are printed")
    func helpAndVersion() throws {
        let version = try Command.require([BuiltPrograms.twiliofs, "--version"])
        #expect(version.lines.count == 1 && version.text.hasPrefix("twiliofs "))
        for words in [["--help"], ["mount", "--help"], ["unmount", "--help"]] {
            #expect(try Command.require([BuiltPrograms.twiliofs] + words).text.contains("USAGE: twiliofs"))
        }
    }

    @Test("No secret is in what it logs at the level trace")
    func secrets() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let secretFile = try folder.file("secret", account.simulator.credentials.apiSecret + "\n")
        let key = try KeyPair.shared
        let mount = try MountedAccount(
            account, keys: [key.privateKey(.encryptedPKCS8)],
            options: [
                "--key-passphrase-file", key.passphraseFile, "--log-level", "trace", "--api-key",
                account.simulator.credentials.apiKey, "--api-secret-file", secretFile,
            ])
        try account.add(faults: #"{"host":"media","path":"/","count":2,"action":{"type":"reset","afterBytes":100}}"#)
        #expect(try mount.differences(from: account) == [])
        #expect(try mount.unmount().end == .exited(0))
        let pem = try String(contentsOfFile: key.privateKey(), encoding: .utf8).split(separator: "\n")
        let secrets =
            [
                account.simulator.credentials.authToken, account.simulator.credentials.apiSecret, KeyPair.passphrase,
                "X-Amz-Signature",
            ]
            + pem.map(String.init)
        for secret in secrets { #expect(!mount.log.contains(secret), "\(secret)") }
    }
}
