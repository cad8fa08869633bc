import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("When a host can't be reached", .orderlyAndLong, .needsFUSE)
struct HostFailureTests {
    /// Makes an address of each host, and keeps what serves there.
    private static func addresses() throws -> (addresses: [HostFailure: String], servers: [ScriptedServer]) {
        let gone = try ScriptedServer { _, _ in }
        gone.stop()
        let silent = try ScriptedServer { _, connection in connection.stall() }
        let other = try SimulatedAccount(media: nil) { $0.tls = true }
        return (
            [
                .refused: "http://127.0.0.1:\(gone.port)/media", .unknownName: "https://no-such-host.invalid/media",
                .certificate: "\(other.simulator.mediaURL)/media", .silence: "https://127.0.0.1:\(silent.port)/media",
            ], [silent]
        )
    }

    @Test("Each way in which a host can't be reached is told in the log, and is over when it is back")
    func ways() throws {
        let folder = try TemporaryFolder()
        for (seed, failure) in HostFailure.allCases.enumerated() {
            try folder.file("video-recordings/\(failure).mka", TestMedia.noise(200_000, seed: UInt64(seed)))
        }
        let account = try SimulatedAccount(media: folder.url)
        let options = ["--no-probing", "--cache-size", "0", "--refresh", "0"] + TimeoutOption.words(12)
        let mount = try MountedAccount(account, options: options)
        try Command.shell("ls video-recordings", directory: mount.path)
        let (addresses, servers) = try Self.addresses()
        let files = try HostFailure.allCases.map { ($0, try account.original("\($0).mka")) }
        account.simulator.faults = files.flatMap { failure, file in
            [
                // One of them may have its address from the search for keys that aren't held.
                FaultRule(.status(403), host: .media, path: file.file.mediaPattern(sid: file.sid), count: 1),
                FaultRule(
                    .answer(302, type: nil, body: "", headers: ["Location": addresses[failure] ?? ""]),
                    path: "*\(file.sid)/Media"),
            ]
        }
        let readers = try files.map { try RunningCommand(["cat", mount.path(of: $0.1)]) }
        let rows = try SemanticsDocument().table("failure of the host")
        for ((failure, file), reader) in zip(files, readers) {
            let row = try #require(rows.first { $0["failure of the host"] == failure.rawValue })
            let result = try reader.wait(seconds: 100)
            #expect(
                result.end == .exited(1) && result.errorText.contains("Input/output error"), "\(failure): \(result)")
            let words =
                ["errno=\(row["error"] ?? "")", "recording=\(file.sid)"] + SemanticsDocument.words(in: row["log"])
            let isLogged = eventually {
                mount.log.split(separator: "\n").contains { line in words.allSatisfy { line.contains($0) } }
            }
            #expect(isLogged, "\(failure): \(words) in \(mount.log)")
        }
        account.clearFaults()
        for (_, file) in files { try mount.expectRight(file, within: 90) }
        withExtendedLifetime(servers) {}
    }
}
