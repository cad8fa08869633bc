import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("What is read through the mount", .orderly, .needsFUSE)
struct ContentTests {
    @Test("Every file of every kind has its original's size and checksum")
    func everyFile() throws {
        let bench = try MountBench(media: TestMedia.real)
        let originals = try bench.account.originals().values
        #expect(Set(originals.map { "\($0.kind) \($0.encrypted)" }).count == 6, "each kind, sealed and not")
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("Recordings whose SIDs begin alike are told apart, listed or not", arguments: [false, true])
    func similarSIDs(isListed: Bool) throws {
        let folder = try TemporaryFolder()
        for number in 1...5 {
            let sid = "RE\(String(repeating: "0", count: 31))\(number)"
            try folder.file("recordings/\(sid).wav", Array(TestMedia.noise(1000 + number, seed: UInt64(number))))
        }
        let bench = try MountBench(media: folder.url)
        // The first listing tells the kernel all names and numbers at once.
        if isListed { try bench.shell("ls -l recordings >/dev/null") }
        let numbers = try bench.shell("stat -c %i recordings/*").lines
        #expect(numbers.count == 5 && Set(numbers).count == 5)
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("Sizes at which blocks begin and end are exact, and so is what they hold")
    func blockBoundaries() throws {
        let bench = try MountBench()
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("500 random reads of each file give the original's bytes")
    func randomReads() throws {
        let bench = try MountBench(media: TestMedia.real)
        for (sid, file) in try bench.account.originals() {
            try Python.run("compare_reads", "random", bench.mount.path(of: (sid, file)), file.path)
        }
    }

    @Test("A file mapped into memory is the original")
    func memoryMapping() throws {
        let bench = try MountBench(media: TestMedia.real)
        for name in ["room.mp4", "stereo.wav", "old.webm"] {
            let original = try bench.account.original(name)
            try Python.run("compare_reads", "mapped", bench.mount.path(of: original), original.file.path)
        }
    }

    @Test("Two readers of one file from opposite ends both get the original")
    func oppositeReaders() throws {
        let bench = try MountBench(media: TestMedia.real)
        let original = try bench.account.original("room.mp4")
        let readers = try ["forwards", "backwards"].map {
            try RunningCommand(Python.words("digest", [$0, bench.mount.path(of: original)]))
        }
        for reader in readers {
            #expect(try reader.wait().lines == [original.file.sha256], "\(reader.errorText)")
        }
    }

    @Test("Eight readers at once get the original, which is fetched once")
    func eightReaders() throws {
        let bench = try MountBench(media: TestMedia.real)
        let original = try bench.account.original("room.webm")
        bench.account.clearRequests()
        let readers = try (0..<8).map { _ in try RunningCommand(["sha256sum", bench.mount.path(of: original)]) }
        for reader in readers {
            #expect(try reader.wait().text.prefix(64) == original.file.sha256[...])
        }
        let sent = bench.account.mediaRequests.filter { $0.host == .media }.reduce(0) { $0 + $1.bodyBytes }
        #expect(sent < original.file.size * 3 / 2, "eight readers share what is fetched")
    }

    @Test("A read in the middle fetches the ranges that it needs, not the file")
    func middleOfFile() throws {
        let bench = try MountBench(media: TestMedia.real)
        let original = try bench.account.original("room.mp4")
        try Python.run("compare_reads", "middle", bench.mount.path(of: original), original.file.path)
        let requests = bench.account.mediaRequests.filter { $0.host == .media }
        #expect(!requests.isEmpty)
        #expect(requests.allSatisfy { $0.range != nil && $0.status == 206 })
        #expect(requests.reduce(0) { $0 + $1.bodyBytes } < 2 << 20)
    }

    @Test("Random reads fetch ranges, and no byte much more than once")
    func rangesOnly() throws {
        let bench = try MountBench(media: TestMedia.real)
        let original = try bench.account.original("room.mp4")
        try Python.run("compare_reads", "scattered", bench.mount.path(of: original), original.file.path)
        let requests = bench.account.mediaRequests.filter { $0.host == .media }
        #expect(requests.allSatisfy { $0.status == 206 })
        #expect(requests.reduce(0) { $0 + $1.bodyBytes } < original.file.size / 2)
    }

    @Test("A recording that is made after mounting can be read by its name at once")
    func unlistedRecording() throws {
        let bench = try MountBench()
        try bench.shell("ls -R . >/dev/null")
        let sid = "RE" + String(repeating: "5a", count: 16)
        let file = try TestMedia.small.appending(path: "recordings/long.wav").path
        try bench.account.change(
            resource: #"{"action":"add","kind":"recording","path":"\#(file)","fields":{"sid":"\#(sid)"}}"#)
        #expect(
            try bench.shell("sha256sum <recordings/$1.wav", sid).text.prefix(64)
                == bench.account.originals()[sid]?.sha256[...])
        #expect(try bench.shell("jq -r .sid <metadata/recordings/$1.json", sid).lines == [sid])
    }

    @Test(
        "A name that is no recording's doesn't exist",
        arguments: [
            "recordings/hello.wav", "recordings/RE00000000000000000000000000000000.wav", "recordings/short.wav",
            "compositions/$RE.mp4", "recordings/$RE.mp3", "recordings/$RE", "recordings/$RE.json", "$RE.wav",
            "metadata/recordings/$RE.wav", ".twiliofs/nothing", "recordings/../nothing",
        ])
    func noSuchName(_ name: String) throws {
        let bench = try MountBench()
        let sid = try bench.account.original("long.wav").sid
        let path = name.replacing("$RE", with: sid)
        let result = try Command.run(["cat", path], directory: bench.mount.path)
        #expect(result.end == .exited(1))
        #expect(result.errorText.contains("No such file or directory"))
    }
}
