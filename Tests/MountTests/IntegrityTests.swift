import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("Forged and replaced media through a mount", .orderly, .needsFUSE)
struct IntegrityTests {
    private static func integrity(_ path: String) throws -> String {
        try Command.require(["getfattr", "--only-values", "-n", "user.twilio.integrity", path]).text
    }

    @Test(
        "One flipped bit: whoever reads it all gets EIO, in any order, through the page cache and through mmap",
        arguments: ["deferred", "strict", "auto"], [0, 350_000, -1])
    func flippedBit(mode: String, place: Int) throws {
        let bench = try MountBench(options: ["--integrity", mode])
        let original = try bench.account.original("long.wav")
        let path = bench.mount.path(of: original)
        let offset = place < 0 ? original.file.size - 1 : place
        try Command.require(["stat", path])
        #expect(try Self.integrity(path) == "unverified")
        try bench.account.add(faults: #"{"path":"*.wav","action":{"type":"corrupt","offset":\#(offset),"mask":1}}"#)
        let result = try Python.run("read_forged", "descriptors", path)
        #expect(result.lines == ["backwards EIO", "forwards EIO", "shuffled EIO"])
        // A mapped page that can't be read is SIGBUS.
        let mapped = try Command.run(Python.words("read_forged", ["memory", path]))
        #expect(mapped.end == .killed(SIGBUS), "\(mapped.end) \(mapped.errorText)")
        let folder = try TemporaryFolder()
        #expect(try Command.run(["cp", path, folder.path("cp")]).end == .exited(1))
        #expect(try Command.run(["rsync", "-a", path, folder.path("rsync")]).end != .exited(0))
        #expect(!FileManager.default.fileExists(atPath: folder.path("rsync")))
        #expect(try Self.integrity(path) == "failed")
        #expect(bench.mount.hasLogged("\(original.sid): authentication failed"))
    }

    @Test("What was verified stays so after a remount, and is not fetched for that")
    func remembered() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        let original = try account.original("long.wav")
        do {
            let mount = try MountedAccount(account, cacheFolder: folder.path("cache"))
            try Command.require(["cat", mount.path(of: original)])
            #expect(eventually { (try? Self.integrity(mount.path(of: original))) == "verified" })
            try mount.unmount()
        }
        account.clearRequests()
        let mount = try MountedAccount(account, cacheFolder: folder.path("cache"))
        #expect(try Self.integrity(mount.path(of: original)) == "verified")
        // Those that the first mount had no time for are still asked for their sizes.
        #expect(account.mediaRequests.filter { $0.path.contains(original.sid) } == [])
        #expect(try Self.integrity(mount.path(of: account.original("long.mkv"))) == "none")
    }

    @Test("What the kernel keeps of media isn't read any more once the media has changed")
    func keptPages() throws {
        let folder = try TemporaryFolder()
        let media = folder.url.appending(path: "media/recordings/unencrypted/a.wav")
        try FileManager.default.createDirectory(
            at: media.deletingLastPathComponent(), withIntermediateDirectories: true)
        try TestMedia.signed(TestMedia.noise(40_000_000, seed: 1), as: "wav").write(to: media)
        let account = try SimulatedAccount(media: folder.url.appending(path: "media"))
        let bench = try MountBench(account: account, options: ["--cache-size", "0", "--no-probing"])
        let path = try bench.path("a.wav")
        let reader = try RunningCommand(Python.words("held_file", ["changed", path, folder.path("changed")]))
        try wait(until: "the beginning is read") { reader.output == Data("read\n".utf8) }
        try account.add(faults: #"{"host":"api","path":"*.wav","action":{"type":"changeETag"}}"#)
        // Past all that was read ahead.
        let other = try Command.run(["dd", "if=\(path)", "iflag=direct", "bs=1M", "skip=20", "count=1", "status=none"])
        #expect(other.end == .exited(1))
        #expect(bench.mount.hasLogged("the media changed (completed media should not)"))
        try wait(until: "the time is another") {
            try !Command.require(["stat", "-c", "%.9Y", path]).text.hasSuffix(".000000000\n")
        }
        try folder.file("changed", "")
        #expect(try reader.wait().lines == ["read", "ESTALE"], "\(reader.errorText)")
    }

    @Test("Media that is replaced while it is read is an error or new content whole, never a mixture", arguments: 0..<4)
    func replaced(after: Int) throws {
        let bench = try MountBench(options: ["--cache-size", after % 2 == 0 ? "0" : "1G"])
        let original = try bench.account.original("long.mkv")
        try bench.account.add(
            faults: #"{"host":"media","path":"/","after":\#(after),"action":{"type":"changeETag"}}"#)
        let result = try Command.run(["sha256sum", bench.mount.path(of: original)])
        #expect(result.end == .exited(1) || result.text.hasPrefix(original.file.sha256))
        bench.account.clearFaults()
        let isRight = eventually {
            (try? Command.run(["sha256sum", bench.mount.path(of: original)]).text.hasPrefix(original.file.sha256))
                == true
        }
        #expect(isRight)
    }
}
