import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite(
    "When the disk of the cache fails", .orderly, .needsFUSE,
    .enabled(if: SmallFileSystem.isPossible, SmallFileSystem.reason))
struct DiskFailureTests {
    @Test(
        "Each failure of the disk leaves every byte right, and is told in a line or two",
        arguments: DiskFailure.allCases)
    func failure(_ failure: DiskFailure) throws {
        let media = try TemporaryFolder()
        for seed in 0..<8 { try media.file("recordings/\(seed).wav", TestMedia.noise(1_500_000, seed: UInt64(seed))) }
        let account = try SimulatedAccount(media: media.url)
        let disk = try FailingDisk(failure)
        let options = ["--no-probing", "--refresh", "0", "--cache-size", "20M", "--cache-min-free", "0"]
        let mount = try MountedAccount(account, options: options, cacheFolder: disk.folder)
        try Command.shell("ls recordings", directory: mount.path)
        let files = try account.originals().map { ($0, $1) }
        for file in files.prefix(3) { #expect(try mount.checksum(of: file) == file.1.sha256) }
        let before = mount.log.utf8.count
        try disk.fail()
        // From the disk, from the network, and once more when the kernel has forgotten its pages.
        for _ in 0..<2 {
            for file in files {
                let found = try mount.checksum(of: file)
                #expect(found == file.1.sha256 || found == nil && failure == .removed, "\(file.1.name)")
                if found == nil { try mount.expectRight(file) }
            }
            try Command.shell("echo 1 >/proc/sys/vm/drop_caches")
        }
        #expect(try Command.require(["ls", "\(mount.path)/recordings"]).lines.count == files.count)
        let later = String(decoding: Array(mount.log.utf8).dropFirst(before), as: UTF8.self)
        let told = later.split(separator: "\n").filter { line in
            ["warning:", "error:"].contains(line.split(separator: " ", maxSplits: 2).dropFirst().first)
        }
        // A folder may hold the catalog, too, of which another line tells.
        #expect(told.count <= 2, "\(told)")
        disk.recover()
        for file in files { #expect(try mount.checksum(of: file) == file.1.sha256, "\(file.1.name)") }
        #expect(try mount.unmount().end == .exited(0), "\(mount.log)")
    }
}
