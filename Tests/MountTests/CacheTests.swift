import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("The disk cache and the memory of a mount", .orderly, .needsFUSE)
struct CacheTests {
    @Test("What is encrypted and was read once is read after a remount without asking for it, and all is right")
    func remount() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        for isFirst in [true, false] {
            account.clearRequests()
            let mount = try MountedAccount(account, cacheFolder: folder.path("cache"))
            #expect(try mount.differences(from: account) == [])
            // What isn't encrypted isn't kept on the disk.
            let kept = try account.originals().filter { $1.encrypted }.keys
            let again = account.mediaRequests.filter { request in kept.contains { request.path.contains($0) } }
            #expect(again.isEmpty != isFirst)
            let told = try Command.shell(
                "jq -c '.bytes | [.fetched > 0, .from_disk_cache > 0, .served > 0]' <.twiliofs/status.json",
                directory: mount.path)
            #expect(told.lines == [isFirst ? "[true,false,true]" : "[true,true,true]"])
            try mount.unmount()
        }
    }

    @Test("Two mounts at once share one cache folder, and both are right")
    func twoMounts() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let mounts = try (0..<2).map { _ in try MountedAccount(account, cacheFolder: folder.path("cache")) }
        let commands = try mounts.map { mount in
            try RunningCommand(["/bin/sh", "-euc", "cat \(mount.path)/*/*.* | sha256sum"])
        }
        let sums = try commands.map { String(decoding: try $0.wait(seconds: 60).output, as: UTF8.self) }
        #expect(sums[0] == sums[1] && sums[0].count > 64, "\(sums)")
        for mount in mounts { #expect(try mount.differences(from: account) == []) }
    }

    @Test("A damaged cache is not noticed by readers")
    func damaged() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        for _ in 0..<3 {
            let mount = try MountedAccount(account, cacheFolder: folder.path("cache"))
            #expect(try mount.differences(from: account) == [])
            try mount.unmount()
            // A bit of every file but the index's.
            try Python.run("flip_bits", folder.path("cache/ciphertext"))
        }
    }

    @Test("There is no plaintext and no content key in the cache folder")
    func noSecrets() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let mount = try MountedAccount(account, cacheFolder: folder.path("cache"))
        #expect(try mount.differences(from: account) == [])
        // While it is mounted, with all that is open, and afterwards.
        for isMounted in [true, false] {
            if !isMounted { try mount.unmount() }
            let originals = try account.originals().values.map(\.path).sorted()
            let found = try Python.run(
                "find_secrets",
                [
                    folder.path("cache"), KeyPair.shared.privateKey(), account.simulator.apiURL, account.sid,
                    account.simulator.credentials.authToken,
                ] + originals, usesPackages: true)
            #expect(found.text == "")
        }
    }

    @Test("Without a disk cache nothing is stored, and cache sizes are told in one sentence when they are wrong")
    func switchedOff() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let mount = try MountedAccount(account, options: ["--cache-size", "0"], cacheFolder: folder.path("cache"))
        #expect(try mount.differences(from: account) == [])
        #expect(!FileManager.default.fileExists(atPath: folder.path("cache/ciphertext")))
    }

    @Test("Sixty-four files read at once are all right, and memory stays below its ceiling")
    func memory() throws {
        let media = try TemporaryFolder()
        for number in 0..<64 {
            let name = number % 2 == 0 ? "compositions/\(number).mp4" : "recordings/\(number).wav"
            try media.file("media/\(name)", TestMedia.noise(3_000_000, seed: UInt64(number)))
        }
        let account = try SimulatedAccount(media: URL(filePath: media.path("media")))
        let mount = try MountedAccount(
            account, options: ["--memory", "24M", "--cache-size", "0", "--integrity", "deferred"])
        let originals = try account.originals()
        let lines = originals.map { "\($1.sha256)  \(mount.path(of: ($0, $1)))" }
        let check = try Command.shell(
            #"printf '%s\n' "$1" | xargs -P 64 -I LINE sh -c 'echo "LINE" | sha256sum --check --quiet'"#,
            lines.joined(separator: "\n"), directory: mount.path, seconds: 120)
        #expect(check.end == .exited(0), "\(check.text)\(check.errorText)")
        let peak = try #require(ProcessFiles(mount.process.processID).status("VmHWM"))
        #expect((peak.split(separator: " ").first.flatMap { Int($0) } ?? .max) <= (24 + 96) << 10, "\(peak)")
    }
}
