import Foundation
import Glibc
import TestSupport
import Testing

@Suite("The system's log", .orderly, .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)))
struct SystemLogTests {
    @Test("A mount in the background logs whole lines to syslog, under the program's name")
    func background() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let mountPoint = try folder.folder("mount")
        let result = try Command.run(
            ShellScript.words("own_devices", ["minimal", folder.url.path])
                + Python.words("syslog_mount", [BuiltPrograms.twiliofs, folder.path("cache"), mountPoint]),
            adding: MountedAccount.environment(account), seconds: 100)
        #expect(result.end == .exited(0), "\(result.errorText)")
        // `<priority>time program[process]: line`, and no other line in it (RFC 3164).
        for line in result.lines {
            #expect(
                line.firstMatch(of: /^<[0-9]+>.{15} twiliofs\[[0-9]+\]: ./) != nil && !line.contains("<newline>"),
                "\(line)")
        }
        let texts = [
            "info: mounted \(account.sid) on \(mountPoint)", "info: unmounted \(mountPoint)",
        ]
        for text in texts { #expect(result.lines.contains { $0.hasSuffix(text) }, "\(text): \(result.lines)") }
        // The last words of the second mount, which was killed.
        #expect(
            result.lines.last?.contains(/^<26>.{15} twiliofs\[[0-9]+\]: critical: this process ends by SIGSEGV/)
                == true,
            "\(result.lines)")
    }
}
